use super::Place;

/// Checks a text with marks in it: `~` stands for a digit of running text, `!` for one of an address or attribute.
#[track_caller]
fn check(text: &str) {
    let mut place = Place::default();
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let is_text = place.is_text() && !place.is_tag();
        let is_mark = byte == b'!' && bytes.get(at + 1) != Some(&b'[') && bytes.get(at.wrapping_sub(1)) != Some(&b'<');
        if byte == b'~' {
            assert!(is_text, "an address at {at}: {text}");
        } else if is_mark {
            assert!(!is_text, "no address at {at}: {text}");
        }
        place.feed(if byte == b'~' || is_mark { b'1' } else { byte });
    }
}

#[test]
fn urls() {
    check("see https://evil.example/?q=! and ~");
    check("HTTPS://evil.example/! ~ //evil.example/! ~ www.evil.example/! ~");
    check(r"https:\\evil.example\! ~ https:\/\/evil.example\/! ~ \\evil\! ~");
    check("mailto:! ~ data:text/plain,! javascript:alert(!) http:evil.example?!");
    check("evil.example/! evil.example:80/! evil.example?q=! evil.example#! ~");
    check("münchen.example/! пример.example?q=! evil.рф/! ~ das ist, z.B. ~/~ да/~ ~");
    check("https://a.example,(!)'!'|!|{!}[!] ~");
    check("`https://a.example/!`! \"https://a.example/!\"! ~ <https://a.example/!>~ https://a.example/>!");
    check("{\"url\":\"https://a.example/!\",\"mail\":\"~\"}");
    check(
        "So {\"url\":\"https://a.example/!\",\"mail\":\"!\"} ~\n```json\n\"https://a.example/!\":\"~\"\n```\n https://a/\"!",
    );
    check("<a href=\"https://a.example/!\">~</a>");
    check("to ~, ~/~ or and/or ~; e.g. ~ 1/2 ~ 3.5 ~ name: ~ Mail:~");
    check("http ~ www ~ https: ~");
}

#[test]
fn targets_of_links_and_pictures() {
    check("![~](!) [~](! \"!\") [x](!'!) ~");
    check("[x]( !\n! ) ~ [x](<! )!>!) ~");
    check("[x](a(!)!) ~ [x](a\\)!) ~ [x](a \")!\" !) ~");
    check("a[~] (~) [x] (~) f(~) ");
    check("[x](never closed !\n\n ~");
}

#[test]
fn definitions_of_links() {
    check("[x]: ! ~\n[y]:\n  !\n~ \n> 1. [z\\]]: ! ~");
    check("a [x]: ~ \n[^1]: ~\n[x] : ~\n[x]:\n\n~");
}

#[test]
fn tags_and_attributes() {
    check("<img src=\"!>!\" alt='!' !>~</a !>~<!-- ! -->~");
    check("<a href = '!\n\n!'!>~ 1 < ~ a<~ <- ~ <3 ~");
    check("<b never closed !\n\n~");
    check("<IMG\n\nsrc=\"https://a.example/ !\" !>~ <imgs !\n\n~");
}
