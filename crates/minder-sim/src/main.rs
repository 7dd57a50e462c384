fn main() {
    let args: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let begin = std::time::Instant::now();
    let outcome = minder_sim::search::search(args[0], minder_sim::search::YEAR * args[1] as u32, None, |_| ());
    println!("{outcome:?} {:?}", begin.elapsed());
    if let Some(found) = outcome.found {
        let s = minder_sim::shrink::shrink(found.seed, None, found.violation.invariant);
        println!("{s:?}");
        for line in minder_sim::shrink::transcript(found.seed, &s.selection, None) { println!("{line}"); }
    }
}
