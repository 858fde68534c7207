use std::fmt;
use std::sync::Arc;

use super::Role;
use crate::engine::EngineError;
use crate::wire::AccessKey;

/// Tokens and their roles. Without tokens, every peer may do everything.
///
/// `Debug` never prints a token.
#[derive(Clone, Default)]
pub(in crate::engine) struct Access {
    roles: Vec<(AccessKey, Arc<Role>)>,
}

impl Access {
    /// Allows the bearer of `token` to do everything.
    pub(in crate::engine) fn grant(&mut self, token: String) {
        self.limit(token, Role::unlimited());
    }

    /// Restricts the bearer of `token` to `role`.
    pub(in crate::engine) fn limit(&mut self, token: String, role: Role) {
        self.roles.push((AccessKey::new(token), Arc::new(role)));
    }

    /// Whether a token is needed.
    pub(in crate::engine) fn is_protected(&self) -> bool {
        !self.roles.is_empty()
    }

    /// Checks that each token is usable and belongs to one role only.
    pub(in crate::engine) fn check(&self) -> Result<(), EngineError> {
        for (at, (token, _)) in self.roles.iter().enumerate() {
            if token.expose().trim().is_empty() {
                return Err(EngineError::BlankToken);
            }
            if let Some(problem) = unusable(token.expose()) {
                return Err(EngineError::UnusableToken { problem });
            }
            if self.roles[..at].iter().any(|(other, _)| other == token) {
                return Err(EngineError::TokenTwice);
            }
        }
        Ok(())
    }

    /// The role of a client that presents `token`, or no token. `None` if it may not connect.
    ///
    /// Every token is compared, each in constant time, so that timing does not reveal which one
    /// matched.
    pub(in crate::engine) fn role(&self, token: Option<&AccessKey>) -> Option<Arc<Role>> {
        if !self.is_protected() {
            return Some(Arc::new(Role::unlimited()));
        }
        let token = token?;
        let mut found = None;
        for (known, role) in &self.roles {
            if known == token {
                found = Some(Arc::clone(role));
            }
        }
        found
    }
}

/// The reason why no client can send the token in a header (RFC 9110 section 5.5), if there is one.
fn unusable(token: &str) -> Option<&'static str> {
    if token.starts_with('\u{feff}') {
        Some("begins with a byte order mark")
    } else if token.contains(['\r', '\n']) {
        Some("has more than one line")
    } else if !token.is_ascii() {
        Some("has characters beyond ASCII")
    } else if token.chars().any(|c| c.is_ascii_control()) {
        Some("has a control character")
    } else if token.trim() != token {
        Some("begins or ends with a space")
    } else {
        None
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.roles.iter().map(|(_, role)| role))
            .finish()
    }
}
