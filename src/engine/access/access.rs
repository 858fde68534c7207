use std::fmt;
use std::sync::Arc;

use super::Role;
use crate::wire::AccessKey;

/// Tokens, and what each lets its bearer do. Without any, everybody may do everything.
///
/// `Debug` never prints a token.
#[derive(Clone, Default)]
pub(in crate::engine) struct Access {
    roles: Vec<(AccessKey, Arc<Role>)>,
}

impl Access {
    /// Lets the bearer of `token` do everything.
    pub(in crate::engine) fn grant(&mut self, token: String) {
        self.limit(token, Role::unlimited());
    }

    /// Lets the bearer of `token` do what `role` says.
    pub(in crate::engine) fn limit(&mut self, token: String, role: Role) {
        self.roles.push((AccessKey::new(token), Arc::new(role)));
    }

    /// Whether a token is needed.
    pub(in crate::engine) fn is_protected(&self) -> bool {
        !self.roles.is_empty()
    }

    pub(in crate::engine) fn has_blank_token(&self) -> bool {
        let mut tokens = self.roles.iter().map(|(token, _)| token);
        tokens.any(|token| token.expose().trim().is_empty())
    }

    /// The role of whoever brings `token`, or none; `None` if that opens nothing.
    ///
    /// Every token is compared, each in constant time, so that the time tells nothing of which it
    /// was.
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

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.roles.iter().map(|(_, role)| role))
            .finish()
    }
}
