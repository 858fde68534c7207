/// The path of the dashboard. Workers also connect there, with a WebSocket request.
pub(super) const ROOT: &str = "/";

/// A file of the page.
pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) content: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of `page/`, at the path of its name.
macro_rules! file {
    ($name:literal, $content_type:expr) => {
        File {
            path: concat!("/dashboard/", $name),
            content_type: $content_type,
            content: include_str!(concat!("page/", $name)),
        }
    };
}

/// All files that a browser loads.
pub(super) const FILES: [File; 13] = [
    File {
        path: ROOT,
        content_type: "text/html; charset=utf-8",
        content: include_str!("page/index.html"),
    },
    file!("style.css", "text/css; charset=utf-8"),
    file!("icon.svg", "image/svg+xml"),
    file!("app.js", SCRIPT),
    file!("connection.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("errors.js", SCRIPT),
    file!("format.js", SCRIPT),
    file!("graph.js", SCRIPT),
    file!("layout.js", SCRIPT),
    file!("runs.js", SCRIPT),
    file!("table.js", SCRIPT),
    file!("theme.js", SCRIPT),
];
