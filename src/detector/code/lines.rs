//! What a line says about the language that it is written in. One point is a clue, two are enough.
//!
//! Prose is the usual case: a clue needs more than words, and words in the order in which only programs have them.

use super::Language;

/// What a line is a clue of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clue {
    pub(super) language: Language,
    pub(super) points: usize,
}

/// What a line is a clue of, each language once.
pub(super) fn clues(line: &str) -> impl Iterator<Item = Clue> {
    let line = line.trim();
    let judges = JUDGES.iter().filter(|_| line.len() >= 3);
    judges.map(|(language, judge)| Clue { language: *language, points: judge(line) }).filter(|clue| clue.points > 0)
}

/// How many points a line has for a language.
type Judge = fn(&str) -> usize;

const JUDGES: [(Language, Judge); 15] = [
    (Language::C, c),
    (Language::Cpp, cpp),
    (Language::Csharp, csharp),
    (Language::Go, go),
    (Language::Html, html),
    (Language::Java, java),
    (Language::Javascript, javascript),
    (Language::Php, php),
    (Language::Powershell, powershell),
    (Language::Python, python),
    (Language::Ruby, ruby),
    (Language::Rust, rust),
    (Language::Shell, shell),
    (Language::Sql, sql),
    (Language::Typescript, typescript),
];

/// Whether a line may stand between lines of code: it is empty, indented, a comment, or ends as statements do.
pub(super) fn is_neutral(line: &str) -> bool {
    let text = line.trim();
    text.is_empty()
        || line.starts_with("  ")
        || line.starts_with('\t')
        || text.ends_with([';', '{', '}'])
        || ["//", "/*", "*/", "--", "#", "<!--", "@"].iter().any(|begin| text.starts_with(begin))
        || text.chars().all(|char| char.is_ascii_punctuation())
        || assigns(text)
}

fn python(line: &str) -> usize {
    if line.starts_with(">>> ") || line.starts_with("if __name__ ==") {
        return 2;
    }
    let ends = line.trim_end_matches(|char| char != ':' && char != '#').trim_end_matches('#').trim_end();
    let opens = line.ends_with(':') || (line.contains(": #") || line.contains(":  #")) && ends.ends_with(':');
    if let Some(rest) = after(line, &["def", "async def"]) {
        return if called(rest) && (opens || line.contains("):") || line.contains("->")) { 2 } else { 0 };
    }
    if let Some(rest) = after(line, &["class"]) {
        let name = name(rest);
        return if opens && !name.is_empty() && matches!(rest[name.len()..].chars().next(), Some('(' | ':')) {
            2
        } else {
            0
        };
    }
    if let Some(rest) = after(line, &["from"])
        && let Some((module, names)) = rest.split_once(" import ")
    {
        return if is_path(module) && (names == "*" || are_names(names.trim_matches(['(', ')']))) { 2 } else { 0 };
    }
    if let Some(rest) = after(line, &["import"]) {
        return usize::from(are_names(rest) && !rest.is_empty());
    }
    if let Some(rest) = after(line, &["elif"]) {
        return if opens && !rest.is_empty() { 2 } else { 0 };
    }
    if line.starts_with("self.") && assigns(line) || (after(line, &["except"]).is_some() && opens) {
        return 2;
    }
    let blocks = ["if", "for", "while", "with", "try:", "else:", "finally:"];
    let begins = blocks.iter().any(|block| block.ends_with(':') && line == *block)
        || (opens && after(line, &["if", "for", "while", "with"]).is_some() && has_code_signs(line));
    let prints = line.starts_with("print(") && line.ends_with(')');
    let returns =
        after(line, &["return", "raise", "yield"]).is_some_and(|rest| !rest.ends_with(';') && has_code_signs(rest));
    let sets = assigns(line) && !line.ends_with(';') && !line.starts_with('$') && has_code_signs(line);
    usize::from(begins || prints || returns || sets)
}

fn javascript(line: &str) -> usize {
    const SURE: &[&str] = &[
        "console.log(",
        "require('",
        "require(\"",
        "document.getElementById(",
        "document.querySelector",
        "module.exports",
        "JSON.stringify(",
        ".addEventListener(",
        "=> {",
        "async () =>",
    ];
    if holds(line, SURE) {
        return 2;
    }
    if let Some(rest) = after(line, &["const", "let", "var"]) {
        let rest = rest.trim_start_matches(['{', '[', ' ']);
        let name = name(rest);
        let sets = rest[name.len()..].contains('=') || rest[name.len()..].starts_with(';');
        return if !name.is_empty() && sets && !rest.starts_with("mut ") { 2 } else { 0 };
    }
    if let Some(rest) =
        after(line, &["function", "async function", "function*", "export function", "export default function"])
    {
        return if (called(rest) || rest.starts_with('(')) && line.contains('{') { 2 } else { 0 };
    }
    if after(line, &["import"]).is_some() && holds(line, &[" from '", " from \""]) {
        return 2;
    }
    if after(line, &["export default", "export const", "export class"]).is_some() {
        return 2;
    }
    usize::from(matches!(line, "});" | "})" | "};") || (line.ends_with(");") && line.contains("=>")))
}

fn typescript(line: &str) -> usize {
    let types = [": string", ": number", ": boolean", ": void", ": any", "Promise<"];
    if let Some(rest) = after(line, &["interface", "export interface", "type", "export type", "enum", "export enum"]) {
        let name = name(rest);
        let opens = rest[name.len()..].trim_start().starts_with(['{', '=']);
        return if !name.is_empty() && opens { 2 } else { 0 };
    }
    let declares =
        after(line, &["const", "let", "function", "export function", "private", "public", "readonly"]).is_some();
    if declares && holds(line, &types) {
        2
    } else {
        usize::from(line.ends_with([';', ',']) && holds(line, &types) && has_code_signs(line))
    }
}

fn java(line: &str) -> usize {
    if holds(line, &["System.out.print", "public static void main"])
        || after(line, &["import java", "import javax"]).is_some()
        || line.starts_with("import java.")
        || line.starts_with("import javax.")
    {
        return 2;
    }
    if after(line, &["package"]).is_some_and(|rest| rest.ends_with(';') && is_path(rest.trim_end_matches(';'))) {
        return 2;
    }
    let declares = after(line, &["public", "private", "protected", "@Override"]).is_some();
    if declares && line.ends_with('{') || line == "@Override" {
        2
    } else {
        usize::from(declares && line.ends_with(';'))
    }
}

fn csharp(line: &str) -> usize {
    if holds(line, &["Console.Write", "{ get; set; }", "{ get; }"]) {
        return 2;
    }
    if after(line, &["using"]).is_some_and(|rest| rest.ends_with(';') && is_path(rest.trim_end_matches(';'))) {
        return 2;
    }
    let declares =
        after(line, &["namespace", "public class", "public static", "private static", "internal class"]).is_some();
    usize::from(declares && !line.ends_with('.') && line.split(' ').count() < 12)
}

fn c(line: &str) -> usize {
    let includes = line.starts_with("#include") && line.contains(['<', '"']);
    if includes && !is_cpp_header(line)
        || line.starts_with("int main(")
        || line.starts_with("void main(")
        || holds(line, &["printf(\"", "malloc(sizeof", "scanf(\""])
    {
        return 2;
    }
    let types = [
        "int",
        "char",
        "float",
        "double",
        "unsigned int",
        "size_t",
        "static int",
        "void",
        "char*",
        "char *",
        "long",
        "struct",
    ];
    let declares = after(line, &types).is_some_and(|rest| {
        let rest = rest.trim_start_matches('*');
        let name = name(rest);
        !name.is_empty() && matches!(rest[name.len()..].trim_start().chars().next(), Some('=' | ';' | '[' | '(' | ','))
    });
    usize::from((declares && line.ends_with([';', '{', ')'])) || line.starts_with("#define "))
}

fn cpp(line: &str) -> usize {
    let sure = holds(line, &["std::", "cout <<", "cin >>", "using namespace ", "nullptr"]);
    let includes = line.starts_with("#include") && is_cpp_header(line);
    let templates = line.starts_with("template<") || line.starts_with("template <");
    // Rust writes some of these, too.
    let is_rust = after(line, &["use", "let", "fn", "impl"]).is_some();
    if (sure && has_code_signs(line) && !is_rust) || includes || templates { 2 } else { 0 }
}

fn is_cpp_header(line: &str) -> bool {
    let headers = [
        "<iostream>",
        "<vector>",
        "<string>",
        "<map>",
        "<algorithm>",
        "<memory>",
        "<bits/stdc++.h>",
        "<sstream>",
        "<unordered_map>",
    ];
    holds(line, &headers) || line.contains(".hpp")
}

fn go(line: &str) -> usize {
    if after(line, &["package"]).is_some_and(|rest| {
        name(rest) == rest && !rest.is_empty() && rest.len() < 32 && rest == rest.to_ascii_lowercase()
    }) {
        return 1;
    }
    let func =
        after(line, &["func"]).is_some_and(|rest| (called(rest) || rest.starts_with('(')) && line.ends_with('{'));
    if func || holds(line, &["fmt.Print", "fmt.Sprintf(", "fmt.Errorf(", "if err != nil"]) {
        return 2;
    }
    usize::from(line.contains(" := ") && has_code_signs(line))
}

fn rust(line: &str) -> usize {
    if holds(line, &["println!(", "vec![", "format!(", "#[derive(", ".unwrap()", "panic!("]) {
        return 2;
    }
    let named = after(line, &["fn", "pub fn", "async fn", "pub async fn", "pub(crate) fn"])
        .is_some_and(|rest| called(rest) || rest.contains(">("));
    let opens = after(line, &["impl", "pub struct", "pub enum", "pub trait", "mod", "pub mod"]).is_some()
        && line.ends_with(['{', ';']);
    let uses = after(line, &["use", "pub use"]).is_some_and(|rest| rest.contains("::") && rest.ends_with(';'));
    if (named && line.contains(')')) || opens || uses || line.starts_with("let mut ") && line.contains('=') {
        2
    } else {
        0
    }
}

fn php(line: &str) -> usize {
    if holds(line, &["<?php", "<?="]) {
        return 2;
    }
    let variable = line
        .strip_prefix('$')
        .is_some_and(|rest| !name(rest).is_empty() && (rest.contains(" = ") || rest.contains("->")));
    if variable && line.ends_with(';') {
        2
    } else {
        usize::from(after(line, &["echo"]).is_some_and(|rest| rest.ends_with(';') && rest.contains(['$', '"', '\''])))
    }
}

fn ruby(line: &str) -> usize {
    let block = line.ends_with('|') && line.contains(" do |");
    let requires = after(line, &["require", "require_relative"])
        .is_some_and(|rest| rest.starts_with(['\'', '"']) && !rest.ends_with(';'));
    if block || requires || holds(line, &["attr_accessor :", "attr_reader :", ".each do"]) {
        return 2;
    }
    let define = after(line, &["def"]).is_some_and(|rest| {
        !line.ends_with(':') && !line.ends_with('{') && (name(rest) == rest || (called(rest) && rest.ends_with(')')))
    });
    usize::from(
        define || line == "end" || after(line, &["puts"]).is_some_and(|rest| rest.starts_with(['"', '\'', '#'])),
    )
}

fn powershell(line: &str) -> usize {
    const VERBS: &[&str] =
        &["Get-", "Set-", "New-", "Remove-", "Invoke-", "Write-", "Start-", "Stop-", "Import-", "Add-"];
    const NOUNS: &[&str] = &[
        "Item",
        "Content",
        "ChildItem",
        "Process",
        "Service",
        "Object",
        "Host",
        "Output",
        "WebRequest",
        "Expression",
        "Module",
        "Variable",
        "Command",
        "RestMethod",
        "Location",
        "ADUser",
    ];
    let cmdlet =
        |word: &str| VERBS.iter().any(|verb| word.strip_prefix(verb).is_some_and(|noun| NOUNS.contains(&noun)));
    let first = line.split([' ', '|', '(', ';']).next().unwrap_or_default();
    let piped = line.split('|').skip(1).any(|part| part.trim().split(' ').next().is_some_and(cmdlet));
    let sets = line.starts_with('$') && line.split([' ', '(']).any(cmdlet);
    if (cmdlet(first) && line.len() > first.len()) || piped || sets { 2 } else { 0 }
}

fn shell(line: &str) -> usize {
    if line.starts_with("#!") && line.contains('/') && (line.contains("sh") || line.contains("env")) {
        return if line.contains("python") || line.contains("node") || line.contains("perl") { 0 } else { 2 };
    }
    let prompt = line.strip_prefix("$ ").or_else(|| line.strip_prefix("# "));
    let line = prompt.unwrap_or(line);
    let line = line.strip_prefix("sudo ").unwrap_or(line);
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    if !COMMANDS.contains(&command) {
        let tests = line.starts_with("if [ ") || line.starts_with("if [[ ") || line.starts_with("while [ ");
        let ends = matches!(line, "fi" | "done" | "esac") || line.ends_with("; then") || line.ends_with("; do");
        return if tests { 2 } else { usize::from(ends) };
    }
    let first = rest.split(' ').next().unwrap_or_default();
    let flagged = rest.split(' ').any(|word| {
        word.len() > 1
            && word.starts_with('-')
            && word[1..].starts_with(|char: char| char.is_ascii_alphabetic() || char == '-')
    });
    let sure = flagged
        || SUBCOMMANDS.iter().any(|(known, subs)| *known == command && subs.contains(&first))
        || (["curl", "wget"].contains(&command) && rest.contains("://"))
        || (["cd", "ls", "cat", "rm", "mkdir", "touch", "source", "cp", "mv", "tar", "nano", "vim", "bash", "sh"]
            .contains(&command)
            && (first.starts_with(['/', '~', '.', '$'])
                || (first.contains(['/', '.']) && !first.ends_with(['.', ',']))
                || (first.contains('_'))))
        || (command == "export" && rest.contains('=') && !rest.starts_with('='))
        || (command == "chmod" && first.starts_with(|char: char| char.is_ascii_digit() || char == '+'))
        || (command == "echo" && (rest.contains(" > ") || rest.contains(" >> ") || rest.contains('$')))
        || line.contains(" | grep ")
        || line.contains(" && ");
    let is_prose = line.ends_with(['.', '?', '!']) && !flagged;
    if sure && !is_prose { 2 } else { usize::from(prompt.is_some() && !is_prose && line.len() < 80) }
}

const COMMANDS: &[&str] = &[
    "apt",
    "apt-get",
    "awk",
    "bash",
    "brew",
    "cargo",
    "cat",
    "cd",
    "chmod",
    "chown",
    "cp",
    "curl",
    "dig",
    "docker",
    "dpkg",
    "echo",
    "export",
    "find",
    "gcc",
    "git",
    "go",
    "grep",
    "helm",
    "kill",
    "kubectl",
    "ln",
    "ls",
    "make",
    "mkdir",
    "mv",
    "mysql",
    "nano",
    "nc",
    "nmap",
    "node",
    "npm",
    "npx",
    "pip",
    "pip3",
    "ps",
    "psql",
    "python",
    "python3",
    "rm",
    "rsync",
    "scp",
    "sed",
    "sh",
    "source",
    "ssh",
    "systemctl",
    "tar",
    "touch",
    "unzip",
    "vim",
    "wget",
    "xargs",
    "yarn",
    "yum",
];

/// Words behind a command that make it one, and no word of a sentence.
const SUBCOMMANDS: &[(&str, &[&str])] = &[
    ("apt", &["install", "update", "upgrade", "remove"]),
    ("apt-get", &["install", "update", "upgrade", "remove"]),
    ("brew", &["install", "update", "upgrade"]),
    ("cargo", &["build", "run", "test", "new", "add", "install"]),
    ("docker", &["run", "build", "pull", "push", "exec", "compose", "ps"]),
    ("git", &["clone", "commit", "push", "pull", "add", "checkout", "init", "merge", "rebase", "status", "fetch"]),
    ("go", &["build", "mod", "install"]),
    ("helm", &["install", "upgrade", "repo"]),
    ("kubectl", &["apply", "get", "describe", "delete", "create", "logs", "exec"]),
    ("npm", &["install", "run", "init", "start", "ci", "test"]),
    ("npx", &["create-react-app", "tsc", "eslint"]),
    ("pip", &["install", "freeze", "uninstall"]),
    ("pip3", &["install", "freeze", "uninstall"]),
    ("systemctl", &["start", "stop", "enable", "restart", "status"]),
    ("yarn", &["add", "install", "build"]),
    ("yum", &["install", "update"]),
];

/// Statements are found anywhere in a line: they stand in quotes and in sentences, too.
fn sql(line: &str) -> usize {
    let lower = line.to_ascii_lowercase();
    let clue = |from: usize| statement(&line[from..], &lower[from..]);
    let starts =
        ["select", "insert into", "update", "delete from", "create", "drop", "alter table", "truncate table", "union"];
    let mut best = clauses(line);
    for start in starts {
        for (at, _) in lower.match_indices(start).take(8) {
            let is_word = !lower[..at].ends_with(|char: char| char.is_ascii_alphanumeric() || char == '_');
            best = if is_word { best.max(clue(at)) } else { best };
        }
    }
    best
}

/// What a statement that begins here says: that it is one for sure, or that it may be.
fn statement(text: &str, lower: &str) -> usize {
    let word =
        |word: &str| lower.split(|char: char| !char.is_ascii_alphanumeric() && char != '_').any(|other| other == word);
    let loud = text.starts_with(|char: char| char.is_ascii_uppercase())
        && text[1..].starts_with(|char: char| char.is_ascii_uppercase());
    let ends = text.trim_end().ends_with(';');
    let compares = lower.contains('=')
        || lower.contains(" like '")
        || lower.contains(" in (")
        || lower.contains(" > ")
        || lower.contains(" < ");
    let sure = if let Some(rest) = lower.strip_prefix("select ") {
        let columns = rest.split(" from ").next().unwrap_or_default();
        let from = rest.contains(" from ");
        let listed = columns.split(',').all(|column| column.split_whitespace().count() <= 4) && columns.len() < 400;
        from && listed
            && (columns.trim() == "*" || (loud && text.contains(" FROM ")) || ends || (word("where") && compares))
    } else if lower.starts_with("insert into ") {
        lower.contains('(') && (word("values") || word("select") || lower.contains(") "))
            || (loud && text.starts_with("INSERT INTO"))
    } else if lower.starts_with("update ") {
        lower.contains(" set ")
            && lower.contains('=')
            && lower.find(" set ").is_some_and(|set| lower[..set].split(' ').count() <= 4)
    } else if lower.starts_with("delete from ") {
        ends || compares || text.starts_with("DELETE FROM")
    } else if lower.starts_with("create ") || lower.starts_with("drop ") {
        let second = lower.split(' ').nth(1).unwrap_or_default();
        let object = ["table", "view", "index", "database", "schema", "trigger", "procedure"].contains(&second);
        object
            && (lower.contains('(')
                || ends
                || (loud && text.split(' ').nth(1).is_some_and(|word| word == word.to_ascii_uppercase())))
    } else if lower.starts_with("union ") {
        loud && text.contains("SELECT")
    } else {
        let alters = lower.starts_with("alter table ") || lower.starts_with("truncate table ");
        alters && (ends || (loud && text.split(' ').nth(1) == Some("TABLE")))
    };
    if sure { 2 } else { 0 }
}

/// Clauses of a statement over several lines, in capitals as they are usually written.
fn clauses(line: &str) -> usize {
    const CLAUSES: &[&str] = &[
        "SELECT ",
        "FROM ",
        "WHERE ",
        "INNER JOIN ",
        "LEFT JOIN ",
        "RIGHT JOIN ",
        "JOIN ",
        "GROUP BY ",
        "ORDER BY ",
        "HAVING ",
        "VALUES (",
        "LIMIT ",
        "UNION ALL",
        "SET ",
    ];
    usize::from(
        line == "SELECT"
            || line == "FROM"
            || CLAUSES.iter().any(|clause| line.starts_with(clause))
                && line.chars().filter(char::is_ascii_lowercase).count() > 0
                && !line.ends_with(['.', '?', '!', ':']),
    )
}

fn html(line: &str) -> usize {
    let lower = line.to_ascii_lowercase();
    if lower.starts_with("<!doctype html") {
        return 2;
    }
    let mut points = 0;
    for (at, _) in lower.match_indices('<').take(32) {
        let rest = lower[at + 1..].trim_start_matches('/');
        let tag = rest.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
        // The tag's end, or attributes.
        let closed = match rest[tag.len()..].chars().next() {
            Some('>') => true,
            Some(' ' | '/') => rest.contains('>'),
            _ => false,
        };
        if closed && STRUCTURE.contains(&tag) {
            return 2;
        }
        points += usize::from(closed && TEXT_TAGS.contains(&tag));
    }
    points.min(2)
}

const STRUCTURE: &[&str] = &[
    "html", "head", "body", "div", "script", "style", "form", "input", "iframe", "table", "meta", "link", "button",
    "nav", "section", "svg",
];
const TEXT_TAGS: &[&str] =
    &["a", "b", "br", "em", "h1", "h2", "h3", "i", "img", "li", "ol", "p", "span", "strong", "td", "th", "tr", "ul"];

/// What stands behind one of these words at the line's start, and a space.
fn after<'l>(line: &'l str, words: &[&str]) -> Option<&'l str> {
    words.iter().find_map(|word| line.strip_prefix(word)?.strip_prefix(' ').map(str::trim))
}

fn holds(line: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| line.contains(part))
}

/// The identifier that a text begins with.
fn name(text: &str) -> &str {
    let end = text.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(text.len());
    if text.starts_with(|char: char| char.is_ascii_digit()) { "" } else { &text[..end] }
}

/// Whether a text begins with an identifier and an opening bracket.
fn called(text: &str) -> bool {
    let name = name(text);
    !name.is_empty() && text[name.len()..].starts_with('(')
}

/// Names with dots between them.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text
            .split('.')
            .all(|part| !part.is_empty() && name(part) == part || part.is_empty() && text.starts_with('.'))
}

/// Names with dots, with commas between them, each perhaps with another name.
fn are_names(text: &str) -> bool {
    text.split(',').all(|part| {
        let mut words = part.split_whitespace();
        let known = words.next().is_some_and(is_path);
        known
            && match (words.next(), words.next(), words.next()) {
                (None, ..) => true,
                (Some("as"), Some(other), None) => name(other) == other,
                _ => false,
            }
    })
}

/// Whether a name, or a part of something named, is set to something.
fn assigns(line: &str) -> bool {
    let Some((left, _)) = line.split_once(" = ").or_else(|| line.split_once(" += ")) else { return false };
    let left = left.trim_start_matches('$').trim();
    !left.is_empty() && !left.contains(' ') && left.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
}

/// Whether a line has signs that prose does not have.
fn has_code_signs(line: &str) -> bool {
    holds(line, &["()", "==", "!=", "[", "](", "->", "<=", ">=", "+=", "::", "<<", ">>", "{", " = "])
        || line
            .match_indices('(')
            .any(|(at, _)| line[..at].ends_with(|char: char| char.is_ascii_alphanumeric() || char == '_'))
}
