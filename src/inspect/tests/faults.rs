//! The property tests notice when the engine is wrong: faults are put in and must show.

use super::*;

/// Runs the property with a fault put in; it must fail, and the smallest case that shows it is printed.
fn must_notice(fault: crate::policy::Fault) {
    let outcome = crate::policy::with_fault(fault, || runner(20_000).run(&case(), |case| check(&case)));
    match outcome {
        Err(TestError::Fail(reason, case)) => {
            println!("{fault:?} is noticed: {reason}\n  rules {:?}\n  texts {:?}", case.rules, case.texts);
        }
        other => panic!("{fault:?} goes unnoticed: {other:?}"),
    }
}

#[test]
fn a_hold_back_that_is_one_byte_short_is_noticed() {
    must_notice(crate::policy::Fault::ShortHoldBack);
}

#[test]
fn a_rule_that_hides_another_is_noticed() {
    must_notice(crate::policy::Fault::RuleHidesRule);
}

#[test]
fn a_failed_check_that_swallows_a_later_match_is_noticed() {
    must_notice(crate::policy::Fault::FailedCheckSwallows);
}

#[test]
fn a_stale_check_is_noticed() {
    must_notice(crate::policy::Fault::StaleCheck);
}

#[test]
fn a_window_that_is_cut_by_arrival_is_noticed() {
    must_notice(crate::policy::Fault::WindowByArrival);
}

#[test]
fn an_offset_of_a_view_that_is_one_byte_off_is_noticed() {
    must_notice(crate::policy::Fault::ViewOffset);
}
