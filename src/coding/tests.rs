#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::HeaderValue;
use proptest::prelude::*;

use super::deflate::Deflate;
use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bare(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn brotli(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ::brotli::CompressorWriter::new(&mut out, 4096, 5, 24).write_all(text).unwrap();
    out
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut out = vec![0; zstd_safe::compress_bound(text.len())];
    let length = zstd_safe::compress(&mut out[..], text, 3).unwrap();
    out.truncate(length);
    out
}

fn code(text: &[u8], coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Gzip => gzip(text),
        Coding::Deflate => zlib(text),
        Coding::Brotli => brotli(text),
        Coding::Zstd => zstd(text),
    }
}

/// Decodes what comes in pieces of `step` bytes.
fn decode(coded: &[u8], codings: &[Coding], step: usize) -> Result<Vec<u8>, CodingError> {
    let (mut decoder, mut out) = (Decoder::new(codings), Vec::new());
    for piece in coded.chunks(step) {
        decoder.push(piece, &mut |plain| {
            assert!(plain.len() <= PIECE);
            out.extend_from_slice(plain);
            Ok::<_, CodingError>(())
        })?;
    }
    decoder.finish().map(|()| out)
}

fn push(decoder: &mut Decoder, coded: &[u8], out: &mut Vec<u8>) {
    let mut sink = |piece: &[u8]| {
        out.extend_from_slice(piece);
        Ok::<_, CodingError>(())
    };
    decoder.push(coded, &mut sink).unwrap();
}

const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

fn headers(values: &[&'static str]) -> HeaderMap {
    values.iter().map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value))).collect()
}

proptest! {
    #[test]
    fn whatever_was_coded_comes_back(
        text in "\\PC{0,2000}", codings in proptest::collection::vec(proptest::sample::select(&ALL[..]), 0..3), step in 1usize..50
    ) {
        let coded = codings.iter().fold(text.clone().into_bytes(), |text, &coding| code(&text, coding));
        prop_assert_eq!(decode(&coded, &codings, step), Ok(text.into_bytes()));
    }

    #[test]
    fn a_torn_or_bent_body_is_never_taken_for_whole(at in 0usize..1000, bit in 0u8..8) {
        let text: String = (0..200).map(|number| [r#"{"n":"#, &number.to_string(), "},"].concat()).collect();
        for coding in ALL {
            let coded = code(text.as_bytes(), coding);
            let at = at % coded.len();
            prop_assert!(decode(&coded[..at], &[coding], 100).is_err());
            let mut bent = coded.clone();
            bent[at] ^= 1 << bit;
            // A bit of no meaning may give the same text, and brotli and these zstd frames bear no checksum: at worst
            // other text comes out, which is then judged as it is.
            let decoded = decode(&bent, &[coding], 100);
            if matches!(coding, Coding::Gzip | Coding::Deflate) {
                prop_assert!(decoded.is_err() || decoded == Ok(text.clone().into_bytes()));
            }
        }
    }
}

#[test]
fn names_are_read_as_clients_write_them() {
    assert_eq!(Coding::of(&headers(&[])), Ok(vec![]));
    assert_eq!(Coding::of(&headers(&["identity"])), Ok(vec![]));
    assert_eq!(Coding::of(&headers(&[" GZip ,br", "X-GZIP"])), Ok(vec![Coding::Gzip, Coding::Brotli, Coding::Gzip]));
    assert_eq!(Coding::of(&headers(&["zstd, identity, deflate"])), Ok(vec![Coding::Zstd, Coding::Deflate]));
    assert_eq!(Coding::of(&headers(&["compress"])), Err(CodingError::Unknown));
    assert_eq!(Coding::of(&headers(&["gzip;q=1"])), Err(CodingError::Unknown));
    assert_eq!(Coding::of(&headers(&["gzip,gzip,gzip", "gzip"])), Err(CodingError::TooDeep));
}

#[test]
fn every_member_and_frame_is_read() {
    for (coding, coded) in [(Coding::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Coding::Zstd, zstd)] {
        let coded = [coded(b"one "), coded(b""), coded(b"two")].concat();
        for step in [1, 7, 1000] {
            assert_eq!(decode(&coded, &[coding], step), Ok(b"one two".to_vec()));
        }
    }
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(b"text")].concat();
    assert_eq!(decode(&skippable, &[Coding::Zstd], 1), Ok(b"text".to_vec()));
}

#[test]
fn a_gzip_header_may_have_every_field() {
    let plain = gzip(b"text");
    let head = [0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3, 2, 0, b'e', b'x', b'n', 0, b'c', 0, 9, 9];
    for step in [1, 1000] {
        assert_eq!(decode(&[&head[..], &plain[10..]].concat(), &[Coding::Gzip], step), Ok(b"text".to_vec()));
    }
    let mut reserved = plain;
    reserved[3] = 0x80;
    assert_eq!(decode(&reserved, &[Coding::Gzip], 1), Err(CodingError::Malformed(Coding::Gzip)));
}

#[test]
fn what_comes_after_the_end_is_a_fault() {
    for coding in ALL {
        for step in [1, 1000] {
            let coded = [code(b"text", coding), b"\0".to_vec()].concat();
            assert!(decode(&coded, &[coding], step).is_err(), "{coding:?}");
            let coded = [code(b"text", coding), b"more".to_vec()].concat();
            assert!(decode(&coded, &[coding], step).is_err(), "{coding:?}");
        }
        assert_eq!(decode(b"", &[coding], 1), Err(CodingError::Truncated(coding)));
        assert!(decode(b"{\"plain\":\"json\"}", &[coding], 5).is_err(), "{coding:?}");
    }
}

#[test]
fn bare_deflate_is_read_and_what_is_both_is_not() {
    for step in [1, 2, 3, 1000] {
        assert_eq!(
            decode(&bare(b"some text, some text"), &[Coding::Deflate], step),
            Ok(b"some text, some text".into())
        );
        assert_eq!(decode(&bare(b""), &[Coding::Deflate], step), Ok(vec![]));
    }
    // zlib: a stored block of 0x639c bytes; bare: one of 0x019c.
    let both = [0x78, 0x9c, 0x01, 0x63, 0xfe, 0x9c, 0x01];
    for step in [1, 1000] {
        assert!(decode(&both, &[Coding::Deflate], step).is_err());
    }
    let mut decoder = Deflate::new();
    let mut out = [0; 64];
    let fault = (0..both.len()).find_map(|at| decoder.step(&both[at..=at], &mut out).err());
    assert_eq!(fault, Some(CodingError::Ambiguous));
}

#[test]
fn bombs_are_given_up_early() {
    let zeros = vec![b'a'; 64 << 20];
    for codings in [&[Coding::Gzip][..], &[Coding::Deflate], &[Coding::Brotli], &[Coding::Zstd], &[Coding::Gzip; 2]] {
        let coded = codings.iter().fold(zeros.clone(), |text, &coding| code(&text, coding));
        let (mut decoder, mut out) = (Decoder::new(codings), 0);
        let fault = decoder.push::<CodingError>(&coded, &mut |piece| {
            out += piece.len();
            Ok(())
        });
        assert_eq!(fault, Err(CodingError::Grows), "{codings:?}");
        let most = (coded.len() * MAX_GROWTH as usize).max(FREE_GROWTH as usize);
        assert!(out <= most + PIECE, "{codings:?}: {out} bytes from {}", coded.len());
    }
}

#[test]
fn members_are_counted() {
    for coding in [Coding::Gzip, Coding::Zstd] {
        let empty = code(b"", coding);
        assert_eq!(decode(&empty.repeat(MAX_MEMBERS), &[coding], 1000), Ok(vec![]));
        assert_eq!(decode(&empty.repeat(MAX_MEMBERS + 1), &[coding], 1000), Err(CodingError::Members));
    }
}

#[test]
fn windows_are_bounded() {
    // A frame that asks for a window of 2 GiB, and one of 16 MiB; brotli's large window.
    for window in [21 << 3, 14 << 3] {
        let head = [0x28, 0xb5, 0x2f, 0xfd, 0, window, 1, 0, 0];
        assert_eq!(decode(&head, &[Coding::Zstd], 100), Err(CodingError::Malformed(Coding::Zstd)), "{window}");
    }
    let fits = [0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 1, 0, 0];
    assert_eq!(decode(&fits, &[Coding::Zstd], 100), Ok(vec![]));
    assert_eq!(decode(&[0x11, 0x1e, 3], &[Coding::Brotli], 100), Err(CodingError::Malformed(Coding::Brotli)));
}

#[test]
fn what_is_flushed_comes_out_at_once() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut decoder = Decoder::new(&[Coding::Gzip]);
    let mut out = Vec::new();
    for event in 0..50 {
        encoder.write_all(format!("data: {event}\n\n").as_bytes()).unwrap();
        encoder.flush().unwrap();
        let sent = std::mem::take(encoder.get_mut());
        push(&mut decoder, &sent, &mut out);
        assert!(out.ends_with(format!("data: {event}\n\n").as_bytes()));
    }
    let mut sent = Vec::new();
    let mut encoder = ::brotli::CompressorWriter::new(&mut sent, 4096, 5, 22);
    encoder.write_all(b"data: 1\n\n").unwrap();
    encoder.flush().unwrap();
    let mut decoder = Decoder::new(&[Coding::Brotli]);
    let mut out = Vec::new();
    push(&mut decoder, encoder.get_ref(), &mut out);
    assert_eq!(out, b"data: 1\n\n");
}
