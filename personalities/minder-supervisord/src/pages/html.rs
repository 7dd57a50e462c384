//! A page being written.

/// HTML. What is known when this is compiled is markup; everything else is text, and escaped.
#[derive(Debug, Default)]
pub struct Html(String);

impl Html {
    /// The beginning of a page, up to and with its `<body>`. `refresh` is after how many seconds it loads again.
    #[must_use]
    pub fn page(title: &str, refresh: Option<u32>) -> Html {
        let mut html = Html::default();
        html.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
        if let Some(seconds) = refresh {
            html.raw("<meta http-equiv=\"refresh\" content=\"").text(&seconds.to_string()).raw("\">\n");
        }
        html.raw("<title>").text(title).raw("</title>\n");
        html.raw("<link href=\"stylesheets/supervisor.css\" rel=\"stylesheet\" type=\"text/css\">\n");
        html.raw("<link rel=\"icon\" href=\"data:,\">\n</head>\n<body>\n");
        html
    }

    /// Appends markup.
    pub fn raw(&mut self, markup: &'static str) -> &mut Html {
        self.0.push_str(markup);
        self
    }

    /// Appends text, as content or inside a quoted attribute.
    pub fn text(&mut self, text: &str) -> &mut Html {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\t' | '\n' | '\r' => self.0.push(character),
                '\0'..=' ' if character != ' ' => self.0.push('\u{fffd}'),
                _ => self.0.push(character),
            }
        }
        self
    }

    /// The whole page.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.raw("</body>\n</html>\n");
        self.0
    }
}
