use crate::transport::{Account, TransportError};

/// Bytes of an incomplete message that a connection may hold without being charged. Almost all
/// messages are shorter.
const FREE: usize = 256 << 10;

/// Charges the bytes of an incomplete message to an account. Dropping it releases them.
pub(super) struct Charge {
    account: Account,
    counted: usize,
}

impl Charge {
    pub(super) fn new(account: Account) -> Self {
        Self {
            account,
            counted: 0,
        }
    }

    /// Sets the number of bytes held. Returns `Err` if it grows and there is no room.
    pub(super) fn keep(&mut self, bytes: usize) -> Result<(), TransportError> {
        let bytes = bytes.saturating_sub(FREE);
        if bytes > self.counted {
            let (more, room) = (bytes - self.counted, self.account.room());
            if more > room {
                return Err(TransportError::TooLarge {
                    size: FREE + bytes,
                    limit: FREE + self.counted + room,
                });
            }
            self.account.add(more);
        } else {
            self.account.sub(self.counted - bytes);
        }
        self.counted = bytes;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.sub(self.counted);
    }
}

#[cfg(test)]
mod tests {
    use super::{Charge, FREE};
    use crate::transport::Budget;

    #[test]
    fn short_messages_are_free_and_long_ones_charged() {
        let budget = Budget::new(1000);
        let [mut a, mut b] = [(); 2].map(|()| Charge::new(budget.account()));
        a.keep(FREE).unwrap();
        assert_eq!(budget.held(), 0);
        a.keep(FREE + 500).unwrap();
        assert!(a.keep(FREE + 501).is_err());
        b.keep(FREE + 250).unwrap();
        a.keep(FREE + 100).unwrap();
        assert_eq!(budget.held(), 350);
        b.keep(0).unwrap();
        drop(a);
        assert_eq!(budget.held(), 0);
    }
}
