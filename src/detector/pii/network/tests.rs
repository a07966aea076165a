//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::{Table, found};

#[test]
fn ip_address() {
    Table {
        detect: "pii: { entities: [IP_ADDRESS] }",
        written: "Ping {}",
        valid: &[
            "203.0.113.42",
            "10.0.0.1",
            "192.168.1.254",
            "255.255.255.0",
            "8.8.8.8",
            "2001:db8:85a3::8a2e:370:7334",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
            "fe80::1ff:fe23:4567:890a",
            "::ffff:0:192.0.2.128",
            "2001:DB8::1",
            "1:2:3:4:5:6:7:8",
            "64:ff9b::192.0.2.33",
        ],
        invalid: &[
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.1000",
            "v1.2.3.4",
            "1.2.3.4a",
            "1..2.3.4",
            "::1",
            "::",
            "12:30:45",
            "std::vector::begin",
            "a::b::c",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7",
            "12345:1:2:3:4:5:6:7",
            "2001:db8:::1:2",
            "g001:db8:1::1",
        ],
    }
    .check();
}

#[test]
fn mac_address() {
    Table {
        detect: "pii: { entities: [MAC_ADDRESS] }",
        written: "Card {}",
        valid: &[
            "00:1B:44:11:3A:B7",
            "00-1b-44-11-3a-b7",
            "3c:22:fb:01:02:03",
            "9B:4D:E9:83:03:13",
            "52:6A:C1:5D:7E:9A",
            "5C:6B:16:BF:C4:88",
            "DE:18:F9:49:E2:71",
            "04-84-E7-DF-56-35",
            "02-7D-33-8A-29-43",
            "32:63:8a:ba:0f:75",
            "7f:f7:ee:e2:79:b8",
        ],
        invalid: &[
            "00:00:00:00:00:00",
            "FF:FF:FF:FF:FF:FF",
            "00:1B:44:11:3A",
            "00:1B:44:11:3A:B",
            "00:1B:44:11:3A:B7:99",
            "00:1B:44:11:3A:B7:A9:0C",
            "00-1B-44-11-3A-B7-99",
            "00:1B:44-11:3A:B7",
            "00:1G:44:11:3A:B7",
            "000:1B:44:11:3A:B7",
            "00:1B:44:11:3A:B77",
            "x00:1B:44:11:3A:B7",
            "00 1B 44 11 3A B7",
            "12:30:45",
        ],
    }
    .check();
}

#[test]
fn uuid() {
    Table {
        detect: "pii: { entities: [UUID] }",
        written: "Id {}",
        valid: &[
            "123e4567-e89b-12d3-a456-426614174000",
            "B27FBA6C-3A41-458F-AFF3-3BAB45970AD1",
            "01890a5d-ac96-774b-bcce-b302099a8057",
            "a33330a8-8ce1-424d-ae94-57a11866aa4c",
            "6b2b2572-8d0e-4e53-8f3b-edcea907f554",
            "337f69e8-d269-4076-8a98-7e562ed13b0f",
            "948b2099-5d52-4503-a6b7-2b77629ac537",
            "50a53c71-407c-4c18-9526-d304b1b3ea5a",
            "8b061071-11b3-41a3-8160-ea8827de18be",
            "e0dd79c4-2b96-4555-a46d-1bbf9d95d2a8",
            "c5c06c71-1441-4301-b3f5-a6088701f89b",
        ],
        invalid: &[
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "d89946af-5a0d-4d8e-b8fa-1adc0869aa2",
            "d89946af-5a0d-4d8e-b8fa-1adc0869aa2fa",
            "e2ed68f5352e4cc791ad40b301a9902e",
            "e2ed68f5_352e-4cc7-91ad-40b301a9902e",
            "gbd944ea-dc68-4167-838d-6f1b2b93fcc0",
            "8bd944ea-dc68-4167-838d-6f1b2b93fcc0-1",
            "1-8bd944ea-dc68-4167-838d-6f1b2b93fcc0",
            "a33330a-8ce1-424d-ae94-57a11866aa4c",
            "6b2b2572 8d0e 4e53 8f3b edcea907f554",
            "x337f69e8-d269-4076-8a98-7e562ed13b0f",
            "948b2099-5d52-4503-a6b7-b77629ac537",
        ],
    }
    .check();
}

#[test]
fn a_colon_behind_an_address_is_no_more_of_it() {
    let found = |text: &str| found("pii: { entities: [IP_ADDRESS, MAC_ADDRESS] }", text);
    assert_eq!(found("from 2001:db8:85a3::8a2e:370:7334: icmp_seq=1"), ["2001:db8:85a3::8a2e:370:7334"]);
    assert_eq!(found("eth0 00:1b:44:11:3a:b7: up"), ["00:1b:44:11:3a:b7"]);
    assert_eq!(found("MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"), [""; 0]);
}
