//! Numbers by chance.

/// A number from 0 to `most`, each as likely. Zero where the system has no randomness.
pub(crate) fn up_to(most: i64) -> i64 {
    let most = u64::try_from(most).unwrap_or(0);
    let mut bytes = [0; 8];
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    i64::try_from(u64::from_le_bytes(bytes) % most.saturating_add(1).max(1)).unwrap_or(0)
}
