use proptest::prelude::*;

use super::*;

#[test]
fn published_examples_hold_and_their_neighbours_do_not() {
    let off = |digits: &[u32]| {
        let mut digits = digits.to_vec();
        if let Some(last) = digits.last_mut() {
            *last = (*last + 1) % 10;
        }
        digits
    };
    // ISO/IEC 7812-1, annex B; ISO/IEC 7064, mod 11,10.
    let (card, mod_11_10_example) = (digits("4992 7398 716"), digits("07945"));
    assert!(luhn(&card) && !luhn(&off(&card)) && !luhn(&[0; 16]));
    assert!(mod_11_10(&mod_11_10_example) && !mod_11_10(&off(&mod_11_10_example)));
    assert_eq!(mod_97("WEST12345698765432GB82".bytes()), 1);
    assert_eq!(weighted(&[1, 2, 3], &[10, 9]), 28);
    assert_eq!(number(&digits("0-1 2.3")), 123);
}

#[test]
fn verhoeff_knows_swapped_neighbours() {
    assert!(verhoeff(&[2, 3, 6, 3]) && verhoeff(&digits("1428570")));
    for at in 0..3 {
        let mut swapped = [2, 3, 6, 3];
        swapped.swap(at, at + 1);
        assert!(!verhoeff(&swapped), "{swapped:?}");
    }
}

proptest! {
    /// What the sums are for: of all last digits one holds, and no other digit in any place holds instead.
    #[test]
    fn one_wrong_digit_shows(body in prop::collection::vec(0..10u32, 1..20), at in any::<prop::sample::Index>(), by in 1..10u32) {
        prop_assume!(body.iter().any(|&digit| digit != 0));
        for sum in [luhn, verhoeff, mod_11_10] {
            let with = |last: u32| [&body[..], &[last]].concat();
            let holds: Vec<Vec<u32>> = (0..10).map(with).filter(|digits| sum(digits)).collect();
            prop_assert_eq!(holds.len(), 1, "{:?}", body);
            let mut wrong = holds[0].clone();
            let at = at.index(wrong.len());
            wrong[at] = (wrong[at] + by) % 10;
            prop_assert!(!sum(&wrong), "{:?} and {:?}", holds[0], wrong);
        }
    }
}
