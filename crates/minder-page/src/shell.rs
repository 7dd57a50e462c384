//! The page around a body.

use maud::{DOCTYPE, Markup, html};

use crate::assets::{self, Asset};
use crate::response::Response;

/// htmx without styles and scripts of its own making, which the policy would refuse, and without a copy of pages in the browser.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,"historyCacheSize":0}"#;

/// The name of a site, and the ways through it.
#[derive(Clone, Debug)]
pub struct Shell {
    site: String,
    links: Vec<(String, String)>,
    here: Option<String>,
    scripts: Vec<&'static Asset>,
}

impl Shell {
    /// Of a site without ways.
    #[must_use]
    pub fn new(site: &str) -> Self {
        Self { site: site.to_owned(), links: Vec::new(), here: None, scripts: Vec::new() }
    }

    /// With one more way: a path and what it is called.
    #[must_use]
    pub fn link(mut self, path: &str, text: &str) -> Self {
        self.links.push((path.to_owned(), text.to_owned()));
        self
    }

    /// With a script of the site's own. Its path has to be among [`Site::assets`](crate::Site::assets).
    #[must_use]
    pub fn script(mut self, asset: &'static Asset) -> Self {
        self.scripts.push(asset);
        self
    }

    /// On the way of this path.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        self.here = Some(path.to_owned());
        self
    }

    /// A whole page: what it is called, and what is on it below that name.
    #[must_use]
    pub fn page(&self, title: &str, body: &Markup) -> Response {
        Response::html(html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="htmx-config" content=(HTMX);
                    title { (title) @if title != self.site { " · " (self.site) } }
                    link rel="icon" href=(assets::ICON.path());
                    link rel="stylesheet" href=(assets::UPLOT_STYLE.path());
                    link rel="stylesheet" href=(assets::STYLE.path());
                    @for script in [&assets::HTMX, &assets::HTMX_SSE, &assets::UPLOT, &assets::PAGE] {
                        script src=(script.path()) defer {}
                    }
                    @for script in &self.scripts { script src=(script.path()) defer {} }
                }
                body hx-ext="sse" {
                    a.skip href="#main" { "Skip to the content" }
                    header.bar {
                        a.site href="/" { (self.site) }
                        @if !self.links.is_empty() {
                            nav aria-label="Pages" {
                                @for (path, text) in &self.links {
                                    a href=(path) aria-current=[(self.here.as_ref() == Some(path)).then_some("page")] { (text) }
                                }
                            }
                        }
                    }
                    p.offline role="status" hidden { "Not connected. What is shown is old; the page tries again by itself." }
                    main #main tabindex="-1" {
                        h1 { (title) }
                        (body)
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_no_script_or_style_in_its_text_and_escapes_what_it_shows() {
        let shell = Shell::new("A & B").link("/", "Taps").link("/x", "<b>").at("/x");
        let text = shell.page("<script>", &html! { p { "x" } }).body_text();
        assert!(text.contains("<h1>&lt;script&gt;</h1>"), "{text}");
        assert!(text.contains(r#"<a href="/x" aria-current="page">&lt;b&gt;</a>"#), "{text}");
        assert!(!text.contains("style=") && !text.contains("<style"), "{text}");
        assert_eq!(text.matches("<script").count(), text.matches("<script src=\"/assets/").count());
        assert!(!text.contains(" on"), "no handlers: {text}");
    }
}
