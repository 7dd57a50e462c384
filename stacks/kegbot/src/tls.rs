//! HTTPS: who is believed to be who, for all that asks by HTTP here.

use std::sync::Arc;

use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// What an agent needs for an address, if that is one of HTTPS: ring's cryptography, and the certificates that this machine believes in
/// (also those of a file that the variable `SSL_CERT_FILE` names). They are read only where they are needed.
pub(crate) fn for_address(url: &str) -> Option<TlsConfig> {
    if !url.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case("https://")) {
        return None;
    }
    let certificates = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<Certificate<'static>> =
        certificates.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let config = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    Some(config.build())
}
