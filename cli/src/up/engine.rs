use std::collections::BTreeMap;

use pipewright::Address;
use uuid::Uuid;

use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;

/// The engine of the workers: the one that is named, or one of this process.
pub(super) struct Engine {
    address: Address,
    url: String,
    token: Option<String>,
    ca: Option<String>,
    own: Option<pipewright::Engine>,
}

impl Engine {
    /// The engine that the command line or the environment names, or else a new one.
    pub(super) async fn find(connect: &Connect, listen: String) -> Result<Self, Failure> {
        let token = connect.token()?;
        if let Some(url) = connect.named() {
            // A worker may run in another directory.
            let ca = connect.ca().map(std::path::absolute).transpose()?;
            return Ok(Self {
                address: connect.address()?,
                url,
                token,
                ca: ca.map(|path| path.to_string_lossy().into_owned()),
                own: None,
            });
        }
        // Other users of this machine can connect to the port.
        let token = token.unwrap_or_else(|| Uuid::new_v4().simple().to_string());
        let engine = pipewright::Engine::builder()
            .listen(listen)
            .bearer_token(token.clone())
            .start()
            .await?;
        let Some(url) = engine.url() else {
            return Err(Failure::new(Exit::Failure, "the engine does not listen"));
        };
        Ok(Self {
            address: Address::from(url.clone()).bearer_token(token.clone()),
            url: url.to_string(),
            token: Some(token),
            ca: None,
            own: Some(engine),
        })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether it runs in this process.
    pub(super) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// The variables by which SDKs and this program find the engine.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let url = ["III_URL", "PIPEWRIGHT_URL", "PIPEWRIGHT_ENGINE_URL"];
        let token = ["III_TOKEN", "PIPEWRIGHT_TOKEN"];
        let mut variables = BTreeMap::new();
        let mut set = |names: &[&str], value: Option<&String>| {
            if let Some(value) = value {
                variables.extend(names.iter().map(|&name| (name.to_owned(), value.clone())));
            }
        };
        set(&url, Some(&self.url));
        set(&token, self.token.as_ref());
        set(&["PIPEWRIGHT_CA"], self.ca.as_ref());
        variables
    }

    /// Ends an engine of this process.
    pub(super) async fn shutdown(&self) {
        if let Some(engine) = &self.own {
            engine.shutdown().await;
        }
    }
}
