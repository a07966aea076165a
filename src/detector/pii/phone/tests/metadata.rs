//! The table of regions, made from the metadata of Google's libphonenumber (Apache-2.0), which the crate `phonenumber`
//! carries; and that crate's own verdicts on numbers.
//!
//! `make phone-regions` writes the table anew, after an update of the crate.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use phonenumber::metadata::{DATABASE, Format};
use phonenumber::{Metadata, Mode, PhoneNumber, Type};
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};

use super::super::{REGIONS, is_international, regions};
use crate::detector::format::tests::found;

/// A pattern over digits, as an automaton.
struct Digits {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
    known: HashMap<(StateID, usize), bool>,
}

impl Digits {
    fn new(pattern: &str) -> Digits {
        let plain: String = pattern.chars().filter(|char| !char.is_whitespace()).collect();
        let config = dense::Config::new().match_kind(MatchKind::All).start_kind(StartKind::Anchored);
        let dfa = dense::Builder::new().configure(config).build(&plain.replace(r"\d", "[0-9]")).unwrap();
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).unwrap();
        Digits { dfa, start, known: HashMap::new() }
    }

    /// Whether some `more` digits after `lead` make a text that matches as a whole.
    fn completes(&mut self, lead: &str, more: usize) -> bool {
        let state = lead.bytes().fold(self.start, |state, byte| self.dfa.next_state(state, byte));
        self.reaches(state, more)
    }

    fn reaches(&mut self, state: StateID, more: usize) -> bool {
        if more == 0 || self.dfa.is_dead_state(state) {
            return self.dfa.is_match_state(self.dfa.next_eoi_state(state));
        }
        if let Some(&known) = self.known.get(&(state, more)) {
            return known;
        }
        let reaches = (b'0'..=b'9').any(|byte| self.reaches(self.dfa.next_state(state, byte), more - 1));
        self.known.insert((state, more), reaches);
        reaches
    }

    /// Whether a text that begins with `lead` matches at its beginning: surely, and possibly.
    fn leads(&self, lead: &str) -> (bool, bool) {
        let mut state = self.start;
        for byte in lead.bytes() {
            state = self.dfa.next_state(state, byte);
            if self.dfa.is_match_state(self.dfa.next_eoi_state(state)) {
                return (true, true);
            }
        }
        (false, !self.dfa.is_dead_state(state))
    }
}

/// A way in which a region groups some of its numbers.
struct Grouping {
    lead: Option<Digits>,
    whole: Digits,
    /// How long the first group is, a bit for each length; bit 0: no prefix stands before it; bit 15: and it is the only
    /// group.
    area: u16,
}

/// The groups of a pattern such as `(\d{2})(\d{3,4})`.
fn groups(pattern: &str) -> Vec<String> {
    let (mut groups, mut group, mut depth) = (Vec::new(), String::new(), 0);
    for char in pattern.chars() {
        depth -= i32::from(char == ')');
        if char == ')' && depth == 0 {
            groups.push(std::mem::take(&mut group));
        }
        if depth > 0 {
            group.push(char);
        }
        depth += i32::from(char == '(');
    }
    groups
}

impl Grouping {
    fn new(format: &Format) -> Option<Grouping> {
        let groups = groups(format.pattern().as_str());
        let first = format.format().split('$').nth(1)?.get(..1)?.parse::<usize>().ok()?;
        let mut group = Digits::new(groups.get(first - 1)?);
        let prefixed = format
            .national_prefix()
            .is_some_and(|rule| rule.contains("$NP") || rule.contains(|c: char| c.is_ascii_digit()));
        let bare = !prefixed || format.is_national_prefix_optional();
        let area = match groups.len() {
            // Shorter ones are for callers of the same town.
            1 => u16::from(bare && (8..16).any(|length| group.completes("", length))) << 15,
            _ => (1..10)
                .filter(|&length| group.completes("", length))
                .fold(bare.into(), |bits, length| bits | 1 << length),
        };
        let lead = format.leading_digits().last().map(|lead| Digits::new(lead.as_str()));
        Some(Grouping { lead, whole: Digits::new(format.pattern().as_str()), area })
    }
}

/// Formats of countries that share a code stand with the first of them.
fn formats<'m>(main: &'m Metadata, region: &'m Metadata) -> &'m [Format] {
    if region.formats().is_empty() { main.formats() } else { region.formats() }
}

/// What is dialled at home before a number.
fn prefixes(region: &Metadata, formats: &[Format]) -> Vec<String> {
    let prefix = region.national_prefix().unwrap_or_default();
    let rules = formats.iter().filter_map(|format| format.national_prefix());
    let shown = rules.filter_map(|rule| {
        let rule = rule.replace("$NP", prefix);
        let before = rule.split('$').next()?;
        Some(before.chars().filter(char::is_ascii_digit).collect::<String>())
    });
    let all: BTreeSet<String> = shown.chain([prefix.to_owned()]).filter(|prefix| !prefix.is_empty()).collect();
    all.into_iter().collect()
}

fn row(main: &Metadata, region: &Metadata) -> String {
    let formats = formats(main, region);
    let mut groupings: Vec<Grouping> = formats.iter().filter_map(Grouping::new).collect();
    let mut general = Digits::new(region.descriptors().general().national_number().as_str());
    let mut areas = [0u16; 10];
    let mut numbers: Vec<(u16, u16, u16)> = Vec::new();
    for lead in 0..1000u16 {
        let digits = format!("{lead:03}");
        let mut lengths = 0u16;
        for length in (4..16).filter(|length| general.completes(&digits, length - 3)).collect::<Vec<_>>() {
            lengths |= 1 << length;
            for grouping in &mut groupings {
                let (surely, possibly) = grouping.lead.as_ref().map_or((true, true), |lead| lead.leads(&digits));
                if possibly && grouping.whole.completes(&digits, length - 3) {
                    areas[usize::from(lead / 100)] |= grouping.area;
                    if surely {
                        break;
                    }
                }
            }
            // Where nothing is known of groups, or there is no prefix, a number is written as it is.
            let bare = region.national_prefix().is_none() || formats.is_empty();
            areas[usize::from(lead / 100)] |= u16::from(bare);
        }
        match numbers.last_mut() {
            Some((_, to, same)) if *same == lengths => *to = lead,
            _ => numbers.push((lead, lead, lengths)),
        }
    }
    numbers.retain(|(.., lengths)| *lengths != 0);
    let numbers: Vec<String> =
        numbers.iter().map(|(from, to, lengths)| format!("({from}, {to}, {lengths:#x})")).collect();
    let prefixes = prefixes(region, formats);
    let areas: Vec<String> =
        areas.iter().map(|area| if *area == 0 { "0".to_owned() } else { format!("{area:#x}") }).collect();
    format!(
        "    Region {{ id: {:?}, code: {}, prefixes: &{prefixes:?}, areas: [{}], numbers: &[{}] }},\n",
        region.id(),
        region.country_code(),
        areas.join(", "),
        numbers.join(", ")
    )
}

fn table() -> String {
    let mut table = "//! Made from the metadata of libphonenumber (its authors', Apache License 2.0) by `make phone-regions`; not to be edited.\n\n\
                     use super::Region;\n\n\
                     /// By country's code.\n\
                     pub(super) const REGIONS: &[Region] = &[\n"
        .to_owned();
    for code in 1..1000u16 {
        let mut regions = DATABASE.by_code(&code).unwrap_or_default();
        let main = regions.first().copied();
        regions.sort_by_key(|region| region.id());
        for region in regions {
            table.push_str(&row(main.unwrap(), region));
        }
    }
    table.push_str("];\n");
    table
}

#[test]
fn the_table_is_what_the_metadata_says() {
    let table = table();
    if std::env::var_os("PALISADE_PHONE_REGIONS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/detector/pii/phone/regions.rs"), &table).unwrap();
        return;
    }
    assert!(table == include_str!("../regions.rs"), "the metadata has changed: run `make phone-regions`");
}

/// Fixed and mobile numbers of every region.
fn examples(id: &str) -> Vec<PhoneNumber> {
    let region = DATABASE.by_id(id).unwrap();
    let kinds = [Type::FixedLine, Type::Mobile].into_iter().filter_map(|kind| region.descriptors().get(kind));
    let parse = |example| phonenumber::parse(None, format!("+{}{example}", region.country_code())).unwrap();
    kinds.filter_map(|kind| kind.example()).map(parse).collect()
}

#[test]
fn every_regions_examples_are_found_abroad() {
    let numbers = regions().flat_map(examples);
    let shown: Vec<String> = numbers
        .flat_map(|number| [Mode::E164, Mode::International].map(|mode| number.format().mode(mode).to_string()))
        .collect();
    assert!(shown.len() > 900);
    assert_eq!(found("pii: { entities: [PHONE_NUMBER] }", &shown.join(" ; ")), shown);
}

#[test]
fn every_regions_examples_are_found_at_home() {
    let mut wrong = String::new();
    for id in regions() {
        let rule = format!("pii: {{ entities: [PHONE_NUMBER], regions: [{id}] }}");
        let numbers = examples(id).into_iter().map(|number| number.format().mode(Mode::National).to_string());
        // At home, 15 stands in the middle of Argentina's mobile numbers instead of a 9 before them.
        let numbers: Vec<String> = numbers.filter(|shown| !(id == "AR" && shown.contains(" 15-"))).collect();
        let text = numbers.iter().map(|shown| format!("My phone is {shown} ; ")).collect::<Vec<_>>().concat();
        if found(&rule, &text) != numbers {
            writeln!(wrong, "{id}: {numbers:?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What the library holds valid is taken; what it does not is rarely taken, and then for its first digits. (It does not ask
/// whether anything follows what matched: the description of the region has to match as a whole besides.)
#[test]
fn verdicts_are_those_of_the_library_or_wider() {
    let (mut tried, mut valid, mut taken, mut described) = (0, 0, 0, 0);
    let mut seed = 7u64;
    for regions in REGIONS.chunk_by(|one, other| one.code == other.code) {
        let code = regions.first().unwrap().code;
        let all = DATABASE.by_code(&code).unwrap();
        let patterns = all.iter().map(|region| region.descriptors().general().national_number().as_str());
        let mut general: Vec<Digits> = patterns.map(Digits::new).collect();
        for _ in 0..300 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let length = 5 + (seed >> 33) as usize % 9;
            let digits = format!("{:014}", (seed >> 13) % 100_000_000_000_000)[..length].to_owned();
            let number = format!("+{code}{digits}");
            let takes = is_international(&number, 0);
            let describes = general.iter_mut().any(|pattern| pattern.completes(&digits, 0));
            tried += 1;
            taken += u32::from(takes);
            described += u32::from(takes && describes);
            // The library also takes national prefixes behind a country's code for what they are, and drops them.
            let parsed =
                phonenumber::parse(None, &number).ok().filter(|parsed| parsed.national().to_string() == digits);
            if describes && parsed.is_some_and(|parsed| phonenumber::is_valid(&parsed)) {
                valid += 1;
                assert!(takes, "{number}");
            }
        }
    }
    println!("{tried} tried, {valid} valid, {taken} taken, {described} of these as their region describes them");
    assert!(valid * 20 > tried && described * 10 >= taken * 9);
}
