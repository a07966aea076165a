use super::*;
use crate::detector::whole::tests::{agrees, findings, plan, reader};

/// Code in each language as it stands in chats, without a fence.
const SAMPLES: &[(&str, &str)] = &[
    ("c", "#include <stdio.h>\n\nint main(void) {\n    printf(\"hi\\n\");\n    return 0;\n}"),
    ("cpp", "#include <iostream>\nusing namespace std;\nint main() {\n  cout << \"hi\" << endl;\n}"),
    ("csharp", "using System;\nnamespace Demo\n{\n    Console.WriteLine(\"hi\");\n}"),
    ("go", "package main\n\nfunc main() {\n\tfmt.Println(\"hi\")\n}"),
    ("html", "<!DOCTYPE html>\n<html>\n<body><p>Hi</p></body>\n</html>"),
    (
        "java",
        "public class Main {\n    public static void main(String[] args) {\n        System.out.println(\"hi\");\n    }\n}",
    ),
    ("javascript", "const add = (a, b) => a + b;\nconsole.log(add(1, 2));"),
    ("php", "<?php\n$name = \"x\";\necho $name;"),
    ("powershell", "Get-ChildItem -Recurse | Remove-Item -Force"),
    ("python", "def add(a, b):\n    return a + b\n\nprint(add(1, 2))"),
    ("python", "import os\nimport sys\nfor name in os.listdir('.'):\n    print(name)"),
    ("ruby", "require 'json'\n[1, 2].each do |n|\n  puts \"#{n}\"\nend"),
    ("rust", "fn main() {\n    let mut x = vec![1];\n    println!(\"{x:?}\");\n}"),
    ("shell", "#!/bin/bash\nset -e\nexport A=1\nrm -rf /tmp/x"),
    ("shell", "$ git clone https://example.com/x.git\n$ cd x\n$ make"),
    ("sql", "SELECT name, mail FROM users WHERE id = 1;"),
    ("sql", "SELECT name\nFROM users\nWHERE id = 1"),
    ("sql", "drop table users;"),
    ("typescript", "interface User {\n  name: string;\n}\nconst a: number = 1;"),
];

const PROSE: &[&str] = &[
    "Select the best answer from the list below and explain it.",
    "Update your profile and set a new password, then delete from your phone what you do not need.",
    "Create a table of contents. Drop the ball, or alter your plans.",
    "From China import duties have risen; import taxes are paid by the buyer.",
    "Let us meet at noon. Use the side door: it is open.",
    "Find the answer - and make it short. Cat and dog. Go on, touch it.",
    "If you ask me: no. For those in need: here is a list.\nWhile we wait: tea.",
    "The function f(x) = x^2 has its minimum at 0. Let x = 3, then f(x) = 9.",
    "A < b and c > d, so a < d. I <3 you.",
    "Class: Warrior\nName: Ann\nReturn to the village when you are done.",
    "Public transport is fine; private cars are not.\nStatic on the line.",
    "# Heading\n\n- one\n- two\n\n> quoted\n\n1. first\n2. second",
    "Dear Sir,\n\n  I write to you (as agreed) about the invoice of 3 May.\n\nYours, Ann",
    "def. (noun): a short form of definition",
    "Package deals are cheap. Using them is easy.\nExport the file, require a receipt, echo the order.",
];

fn labels(check: &dyn WholeText, text: &str) -> Vec<String> {
    findings(check, Place::Segment, text).iter().map(|found| found.label.as_deref().unwrap_or("").to_owned()).collect()
}

#[test]
fn lines_of_code_are_found_by_their_language() {
    for (language, code) in SAMPLES {
        let own = plan(&format!("code: {{ languages: [{language}] }}"));
        let text = format!("Here is what I would write for that:\n\n{code}\n\nThat is all there is to it.");
        let found = findings(&*own, Place::Segment, &text);
        assert!(!found.is_empty() && found.iter().all(|found| found.label.as_deref() == Some(*language)), "{code}");
        let lies = |found: &WholeFinding| text[found.range.clone()].lines().all(|line| code.contains(line));
        assert!(found.iter().all(lies), "{code}: {found:?}");
        assert!(labels(&*plan("code: {}"), &text).iter().any(|label| label == language), "{code}");
    }
}

#[test]
fn blocks_are_found_by_their_mark() {
    for (tag, language) in [
        ("sql", "sql"),
        ("Python", "python"),
        ("bash", "shell"),
        ("c++", "cpp"),
        ("js {1,2}", "javascript"),
        ("ts", "typescript"),
    ] {
        for (open, close) in [("```", "```"), ("~~~~", "~~~~"), ("   ```", "   ```")] {
            let block = format!("{open}{tag}\nwhatever, it is marked\n{close}");
            let text = format!("Well:\n{block}\nDone.");
            let found = findings(&*plan("code: {}"), Place::Segment, &text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((&text[found[0].range.clone()], found[0].label.as_deref()), (&*block, Some(language)));
            assert_eq!(labels(&*plan("code: { languages: [ruby] }"), &text), [""; 0]);
        }
    }
    let sql = plan("code: { languages: [sql] }");
    // What is not closed goes to the end; what is marked as something else is looked into.
    assert_eq!(findings(&*sql, Place::Segment, "a\n```sql\nx\ny")[0].range, 2..12);
    assert_eq!(labels(&*sql, "```text\nSELECT * FROM t;\n```"), ["sql"]);
    assert_eq!(labels(&*sql, "````\n```sql\nx\n```\n````"), [""; 0]);
    assert_eq!(labels(&*sql, "Try `SELECT * FROM users` or \"drop table users;\" and tell me."), ["sql"]);
}

#[test]
fn prose_is_no_code() {
    let all = plan("code: {}");
    for text in PROSE {
        assert_eq!(labels(&*all, text), [""; 0], "{text}");
    }
}

#[test]
fn pieces_do_not_matter() {
    let all = plan("code: {}");
    let everything = SAMPLES.iter().map(|(_, code)| format!("Next:\n{code}\n\n")).collect::<Vec<_>>().concat();
    agrees(&*all, &everything);
    agrees(&*all, &SAMPLES.iter().map(|(tag, code)| format!("```{tag}\n{code}\n```\n")).collect::<Vec<_>>().concat());
    agrees(&*all, &PROSE.join("\n"));
    agrees(&*all, &format!("{}é\nSELECT * FROM t; {}\n", "é".repeat(600), "x".repeat(2000)));
    agrees(&*plan("code: { languages: [sql] }"), &everything);
}

#[test]
fn lines_of_any_kind_are_read_in_bounded_memory_and_without_a_panic() {
    let all = plan("code: {}");
    for text in [
        "select ".repeat(50_000),
        "<div ".repeat(50_000),
        "é(".repeat(50_000),
        "```\n".repeat(50_000),
        "def é(".repeat(300),
    ] {
        let mut found = Vec::new();
        let Some(mut reader) = reader(&*all, Place::Segment) else { unreachable!("it reads all texts") };
        reader.feed(&text, &mut found);
        assert!(format!("{reader:?}").len() < 8 * MAX_LINE);
        reader.finish(&mut found);
    }
}
