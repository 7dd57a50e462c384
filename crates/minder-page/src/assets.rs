//! What is embedded: scripts, styles and the icon. Each is served under a path that has a digest of its bytes, so a browser may
//! keep it for ever, and gets another path when it has changed.

use std::sync::OnceLock;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header;
use sha1_smol::Sha1;

use crate::response::Response;

/// Where they are.
const PREFIX: &str = "/assets/";
/// How many digits of the digest are in a path.
const DIGITS: usize = 12;

/// Something embedded.
#[derive(Debug)]
pub struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    path: OnceLock<String>,
}

impl Asset {
    /// A script.
    #[must_use]
    pub const fn script(name: &'static str, bytes: &'static [u8]) -> Self {
        Self::new(name, "text/javascript; charset=utf-8", bytes)
    }

    /// A style sheet.
    #[must_use]
    pub const fn style(name: &'static str, bytes: &'static [u8]) -> Self {
        Self::new(name, "text/css; charset=utf-8", bytes)
    }

    /// A picture of this kind, such as `image/svg+xml`.
    #[must_use]
    pub const fn picture(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Self {
        Self::new(name, kind, bytes)
    }

    const fn new(name: &'static str, kind: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, kind, bytes, path: OnceLock::new() }
    }

    /// Where a page finds it.
    pub fn path(&self) -> &str {
        self.path.get_or_init(|| {
            let digest = Sha1::from(self.bytes).digest().to_string();
            format!("{PREFIX}{}/{}", digest.get(..DIGITS).unwrap_or(&digest), self.name)
        })
    }

    pub(crate) fn response(&self) -> Response {
        let mut response = Response::whole(StatusCode::OK, self.kind, Bytes::from_static(self.bytes));
        response.set(header::CACHE_CONTROL, "public, max-age=31536000, immutable");
        response
    }
}

/// The style of all pages, and of graphs.
pub static STYLE: Asset = Asset::style("style.css", include_bytes!("../assets/style.css"));
/// Graphs, times, and streams that rest while nobody sees the page.
pub static PAGE: Asset = Asset::script("page.js", include_bytes!("../assets/page.js"));
/// What is in the browser's tab.
pub static ICON: Asset = Asset::picture("icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg"));
/// htmx.
pub static HTMX: Asset = Asset::script("htmx.js", include_bytes!("../assets/htmx.js"));
/// htmx's events.
pub static HTMX_SSE: Asset = Asset::script("htmx-sse.js", include_bytes!("../assets/htmx-sse.js"));
/// uPlot.
pub static UPLOT: Asset = Asset::script("uplot.js", include_bytes!("../assets/uplot.js"));
/// uPlot's style.
pub static UPLOT_STYLE: Asset = Asset::style("uplot.css", include_bytes!("../assets/uplot.css"));

/// Those of every page.
static OURS: [&Asset; 7] = [&STYLE, &PAGE, &ICON, &HTMX, &HTMX_SSE, &UPLOT, &UPLOT_STYLE];

/// The one at a path, among ours and those of a site.
pub(crate) fn find(path: &str, of_site: &[&'static Asset]) -> Option<&'static Asset> {
    if !path.starts_with(PREFIX) {
        return None;
    }
    OURS.iter().chain(of_site).find(|asset| asset.path() == path).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_under_its_digest_only() {
        let path = STYLE.path();
        assert!(
            path.starts_with("/assets/") && path.ends_with("/style.css") && path.len() == 8 + DIGITS + 10,
            "{path}"
        );
        assert!(find(path, &[]).is_some());
        assert!(find("/assets/style.css", &[]).is_none());
        assert!(find("/assets/000000000000/style.css", &[]).is_none());
        static OWN: Asset = Asset::script("own.js", b"1");
        assert!(find(OWN.path(), &[]).is_none());
        assert!(find(OWN.path(), &[&OWN]).is_some());
    }

    #[test]
    fn nothing_embedded_asks_another_machine_or_makes_code_of_text() {
        for asset in [&STYLE, &PAGE, &UPLOT, &UPLOT_STYLE, &HTMX_SSE] {
            let text = std::str::from_utf8(asset.bytes).expect("text");
            for sign in ["http://", "https://", "@import", "new Function", "eval("] {
                let of_a_comment =
                    text.lines().filter(|line| line.contains(sign)).all(|line| line.contains("/*!"));
                assert!(of_a_comment, "{} has {sign}", asset.name);
            }
        }
    }
}
