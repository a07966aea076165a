//! From source to a checked tree: the `cel` crate parses, and here is checked what it parsed. The only file that names the
//! crate.
//!
//! Known variables, fields and functions alone; types, as far as they can be told; a boolean in the end. What would need a
//! bound at run time that nobody has (regular expressions that are made up there, quantifiers inside each other) is refused.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::cel::common::ast::{CallExpr, Expr as Parsed, IdedExpr, LiteralValue, SourceInfo};
use ::cel::{Env, ParseErrors};
use regex_automata::dfa::dense;
use regex_automata::util::syntax;

use super::eval::{Case, Comparison, Expr, Pattern, Quantifier, Root, Search, Sign, To};
use super::{About, Fault, MAX_SOURCE, Uses};
use crate::config::{did_you_mean, quoted};

/// Most operators, dots and brackets of a source. The crate's parser goes a level deeper for each.
const MAX_OPERATORS: usize = 256;
/// How deep expressions may stand in each other.
const MAX_DEPTH: usize = 48;
/// The most memory that a regular expression may take, in bytes, and what it may take to make it.
const MAX_PATTERN: usize = 1 << 20;

/// What is known of the facts: fields and their types.
const REQUEST: &[(&str, Type)] = &[
    ("method", Type::Text),
    ("path", Type::Text),
    ("model", Type::Text),
    ("tenant", Type::Text),
    ("user", Type::Text),
    ("headers", Type::Map),
    ("stream", Type::Bool),
    ("protocol", Type::Text),
    ("source_ip", Type::Text),
];
const SEGMENT: &[(&str, Type)] = &[
    ("kind", Type::Text),
    ("role", Type::Text),
    ("direction", Type::Text),
    ("index", Type::Number),
    ("length", Type::Number),
    ("age", Type::Number),
];
const TENANT: &[(&str, Type)] = &[("vars", Type::Map)];

/// Functions that this version has, for those who spell one wrong.
const FUNCTIONS: &[&str] = &[
    "has",
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "lowerAscii",
    "upperAscii",
    "int",
    "double",
    "string",
    "all",
    "exists",
    "exists_one",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Any,
    Null,
    Bool,
    Number,
    Text,
    List,
    Map,
    /// A mapping of which all fields are known.
    Fields(&'static str, &'static [(&'static str, Type)]),
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Type::Any => "a value",
            Type::Null => "null",
            Type::Bool => "a boolean",
            Type::Number => "a number",
            Type::Text => "a string",
            Type::List => "a list",
            Type::Map | Type::Fields(..) => "a mapping",
        }
    }

    fn may_be(self, other: Type) -> bool {
        self == other || self == Type::Any || other == Type::Any
    }
}

/// Parses and checks.
pub(super) fn read(source: &str, about: About) -> Result<(Expr, Uses), Fault> {
    let whole = 0..source.len();
    if source.trim().is_empty() {
        return Err(Fault { range: whole, message: "the condition is empty".to_owned(), help: None });
    }
    if source.len() > MAX_SOURCE {
        let message = format!("the condition is longer than {} KiB", MAX_SOURCE >> 10);
        return Err(Fault { range: whole, message, help: None });
    }
    if operators(source) > MAX_OPERATORS {
        let message = format!("the condition has more than {MAX_OPERATORS} operators");
        let help = Some("compare with a list, as in `request.tenant in [\"a\", \"b\"]`, or write two rules".to_owned());
        return Err(Fault { range: whole, message, help });
    }
    let parser = Env::default().with_optional_support(false).parser().max_recursion_depth(MAX_DEPTH as u16);
    // Whatever the parser does with a source that it did not expect, the policy is refused and no more.
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse_with_source_info(source)));
    let (root, info) = match parsed {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(errors)) => return Err(syntax_error(source, &errors)),
        Err(_) => return Err(Fault { range: whole, message: "the condition cannot be read".to_owned(), help: None }),
    };
    let mut check = Check { source, info, about, element: None, uses: Uses::default() };
    let (expr, kind) = check.expr(&root, 0)?;
    if !kind.may_be(Type::Bool) {
        let message = format!("a condition is true or false, and this is {}", kind.name());
        return Err(Fault { range: trimmed(source), message, help: None });
    }
    Ok((expr, check.uses))
}

/// How many operators, dots and brackets a source has, and perhaps more: what stands in strings counts too.
fn operators(source: &str) -> usize {
    source.bytes().filter(|byte| b".[({?+-*/%!<>=&|".contains(byte)).count()
}

fn trimmed(source: &str) -> Range<usize> {
    let start = source.len() - source.trim_start().len();
    start..start + source.trim().len()
}

fn syntax_error(source: &str, errors: &ParseErrors) -> Fault {
    let Some(error) = errors.errors.first() else {
        return Fault { range: trimmed(source), message: "not a valid CEL expression".to_owned(), help: None };
    };
    // The parser counts lines and columns from 1, in characters.
    let before = usize::try_from(error.pos.0 - 1).unwrap_or(0);
    let column = usize::try_from(error.pos.1 - 1).unwrap_or(0);
    let line: usize = source.split_inclusive('\n').take(before).map(str::len).sum();
    let rest = source.get(line..).unwrap_or_default();
    let start = line + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    let message = error.msg.lines().next().unwrap_or_default();
    let message = message.split("Syntax error: ").last().unwrap_or_default();
    let end = source.get(start..).and_then(|rest| rest.chars().next()).map_or(start, |char| start + char.len_utf8());
    Fault { range: start..end, message: format!("not a valid CEL expression: {message}"), help: None }
}

struct Check<'s> {
    source: &'s str,
    info: SourceInfo,
    about: About,
    /// The variable of the quantifier that stands around.
    element: Option<String>,
    uses: Uses,
}

impl Check<'_> {
    fn fault(&self, node: &IdedExpr, message: impl Into<String>) -> Fault {
        let range = self.info.offset_for(node.id).map(|(start, stop)| start as usize..stop as usize + 1);
        // Offsets count characters.
        let range = range.filter(|range| self.source.is_ascii() && range.end <= self.source.len());
        Fault { range: range.unwrap_or_else(|| trimmed(self.source)), message: message.into(), help: None }
    }

    fn expr(&mut self, node: &IdedExpr, depth: usize) -> Result<(Expr, Type), Fault> {
        if depth > MAX_DEPTH {
            return Err(self.fault(node, format!("expressions stand more than {MAX_DEPTH} deep in each other")));
        }
        let depth = depth + 1;
        match &node.expr {
            Parsed::Literal(literal) => self.literal(node, literal),
            Parsed::Ident(name) => self.variable(node, name),
            Parsed::Select(select) if select.test => Err(self.fault(node, "this cannot be asked")),
            Parsed::Select(select) => {
                let (of, kind) = self.expr(&select.operand, depth)?;
                let kind = self.field(node, kind, &select.field)?;
                Ok((Expr::Field(Box::new(of), select.field.as_str().into()), kind))
            }
            Parsed::List(list) => {
                let items = list.elements.iter().map(|item| Ok(self.expr(item, depth)?.0));
                Ok((Expr::List(items.collect::<Result<_, Fault>>()?), Type::List))
            }
            Parsed::Call(call) => self.call(node, call, depth),
            Parsed::Map(_) | Parsed::Struct(_) => {
                Err(self.fault(node, "mappings cannot be written out in a condition"))
            }
            Parsed::Comprehension(_) | Parsed::Unspecified => Err(self.fault(node, "this cannot be asked")),
        }
    }

    fn literal(&self, node: &IdedExpr, literal: &LiteralValue) -> Result<(Expr, Type), Fault> {
        Ok(match literal {
            LiteralValue::Null => (Expr::Null, Type::Null),
            LiteralValue::Boolean(value) => (Expr::Bool(*value.inner()), Type::Bool),
            LiteralValue::Int(value) => (Expr::Int(*value.inner()), Type::Number),
            LiteralValue::UInt(value) => {
                let value = i64::try_from(*value.inner()).map_err(|_| self.fault(node, "the number is too large"))?;
                (Expr::Int(value), Type::Number)
            }
            LiteralValue::Double(value) if value.inner().is_finite() => (Expr::Double(*value.inner()), Type::Number),
            LiteralValue::Double(_) => return Err(self.fault(node, "the number is too large")),
            LiteralValue::String(value) => (Expr::Text(value.inner().into()), Type::Text),
            LiteralValue::Bytes(_) => return Err(self.fault(node, "conditions know strings, no bytes")),
        })
    }

    fn variable(&mut self, node: &IdedExpr, name: &str) -> Result<(Expr, Type), Fault> {
        if self.element.as_deref() == Some(name) {
            return Ok((Expr::Element, Type::Any));
        }
        let known: &[&str] = match self.about {
            About::When => &["request", "segment", "tenant"],
            About::Require => &["args", "request", "tenant"],
        };
        let root = known.contains(&name).then_some(match name {
            "request" => (Root::Request, Type::Fields("request", REQUEST)),
            "segment" => (Root::Segment, Type::Fields("segment", SEGMENT)),
            "tenant" => (Root::Tenant, Type::Fields("tenant", TENANT)),
            _ => (Root::Args, Type::Map),
        });
        let Some((root, kind)) = root else {
            let fault = self.fault(node, format!("unknown variable {}", quoted(name)));
            let near = did_you_mean(name, known.iter().copied());
            let list = || format!("known here: {}", known.join(", "));
            return Err(Fault { help: Some(near.unwrap_or_else(list)), ..fault });
        };
        self.uses.segment |= root == Root::Segment;
        Ok((Expr::Root(root), kind))
    }

    /// The type of a field.
    fn field(&mut self, node: &IdedExpr, of: Type, name: &str) -> Result<Type, Fault> {
        match of {
            Type::Any | Type::Map => Ok(Type::Any),
            Type::Fields(what, fields) => {
                let Some((_, kind)) = fields.iter().find(|(field, _)| *field == name) else {
                    let fault = self.fault(node, format!("{} has no field {}", quoted(what), quoted(name)));
                    let names = || fields.iter().map(|(name, _)| *name);
                    let list = || format!("its fields: {}", names().collect::<Vec<_>>().join(", "));
                    return Err(Fault { help: Some(did_you_mean(name, names()).unwrap_or_else(list)), ..fault });
                };
                self.uses.length |= what == "segment" && name == "length";
                Ok(*kind)
            }
            other => Err(self.fault(node, format!("{} has no fields", other.name()))),
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr, depth: usize) -> Result<(Expr, Type), Fault> {
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), call.args.as_slice()) {
            ("has", None, [of]) => {
                let Parsed::Select(select) = &of.expr else {
                    return Err(self.fault(of, "`has` asks for a field, as in `has(args.amount)`"));
                };
                let (expr, kind) = self.expr(&select.operand, depth)?;
                self.field(of, kind, &select.field)?;
                Ok((Expr::Has(Box::new(expr), select.field.as_str().into()), Type::Bool))
            }
            ("all" | "exists" | "exists_one" | "existsOne", Some(range), [variable, body]) => {
                self.quantified(node, name, range, variable, body, depth)
            }
            ("matches", Some(of), [pattern]) | ("matches", None, [of, pattern]) => {
                let of = self.of(of, Type::Text, depth)?;
                let Parsed::Literal(LiteralValue::String(text)) = &pattern.expr else {
                    return Err(self.fault(pattern, "`matches` wants a pattern that is written out"));
                };
                let pattern = compiled(text.inner()).map_err(|reason| self.fault(pattern, reason))?;
                Ok((Expr::Matches(Box::new(of), Box::new(pattern)), Type::Bool))
            }
            ("size", Some(of), []) | ("size", None, [of]) => {
                let (expr, kind) = self.expr(of, depth)?;
                if matches!(kind, Type::Null | Type::Bool | Type::Number) {
                    return Err(self.fault(of, format!("{} has no size", kind.name())));
                }
                Ok((Expr::Size(Box::new(expr)), Type::Number))
            }
            ("lowerAscii", Some(of), []) => {
                Ok((Expr::Case(Case::Lower, Box::new(self.of(of, Type::Text, depth)?)), Type::Text))
            }
            ("upperAscii", Some(of), []) => {
                Ok((Expr::Case(Case::Upper, Box::new(self.of(of, Type::Text, depth)?)), Type::Text))
            }
            ("startsWith" | "endsWith" | "contains", Some(of), [part]) => {
                let search = match name {
                    "startsWith" => Search::StartsWith,
                    "endsWith" => Search::EndsWith,
                    _ => Search::Contains,
                };
                let pair = [self.of(of, Type::Text, depth)?, self.of(part, Type::Text, depth)?];
                Ok((Expr::Search(search, Box::new(pair)), Type::Bool))
            }
            ("int" | "double" | "string", None, [of]) => {
                let (to, kind) = match name {
                    "int" => (To::Int, Type::Number),
                    "double" => (To::Double, Type::Number),
                    _ => (To::Text, Type::Text),
                };
                Ok((Expr::Convert(to, Box::new(self.expr(of, depth)?.0)), kind))
            }
            (_, None, [of]) if name == "!_" => Ok((Expr::Not(Box::new(self.of(of, Type::Bool, depth)?)), Type::Bool)),
            (_, None, [of]) if name == "-_" => {
                Ok((Expr::Negate(Box::new(self.of(of, Type::Number, depth)?)), Type::Number))
            }
            (_, None, [condition, one, other]) if name == "_?_:_" => {
                let condition = self.of(condition, Type::Bool, depth)?;
                let ((one, first), (other, second)) = (self.expr(one, depth)?, self.expr(other, depth)?);
                let kind = if first == second { first } else { Type::Any };
                Ok((Expr::If(Box::new([condition, one, other])), kind))
            }
            (_, None, [one, other]) if name.starts_with('_') || name == "@in" => {
                self.binary(node, name, one, other, depth)
            }
            _ => Err(self.unknown_function(node, name)),
        }
    }

    fn unknown_function(&self, node: &IdedExpr, name: &str) -> Fault {
        if FUNCTIONS.contains(&name) {
            return self.fault(node, format!("{} is called in another way", quoted(name)));
        }
        let fault = self.fault(node, format!("unknown function {}", quoted(name)));
        let list = || format!("known: {}", FUNCTIONS.join(", "));
        Fault { help: Some(did_you_mean(name, FUNCTIONS.iter().copied()).unwrap_or_else(list)), ..fault }
    }

    /// An expression that has to be of a type.
    fn of(&mut self, node: &IdedExpr, wanted: Type, depth: usize) -> Result<Expr, Fault> {
        let (expr, kind) = self.expr(node, depth)?;
        if kind.may_be(wanted) {
            Ok(expr)
        } else {
            Err(self.fault(node, format!("expected {}, and this is {}", wanted.name(), kind.name())))
        }
    }

    fn binary(
        &mut self,
        node: &IdedExpr,
        name: &str,
        one: &IdedExpr,
        other: &IdedExpr,
        depth: usize,
    ) -> Result<(Expr, Type), Fault> {
        let comparison = match name {
            "_<_" => Some(Comparison::Less),
            "_<=_" => Some(Comparison::LessOrEqual),
            "_>_" => Some(Comparison::Greater),
            "_>=_" => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        let sign = match name {
            "_+_" => Some(Sign::Add),
            "_-_" => Some(Sign::Subtract),
            "_*_" => Some(Sign::Multiply),
            "_/_" => Some(Sign::Divide),
            "_%_" => Some(Sign::Remainder),
            _ => None,
        };
        let ((first, a), (second, b)) = (self.expr(one, depth)?, self.expr(other, depth)?);
        let pair = Box::new([first, second]);
        let differ = |check: &Self, message: &str| {
            let message = format!("{message}: {} and {}", a.name(), b.name());
            Err(check.fault(node, message))
        };
        let both = |kind: Type| a.may_be(kind) && b.may_be(kind);
        let [header, headers] = if name == "@in" { [0, 1] } else { [1, 0] };
        if let (Expr::Field(of, field), Expr::Text(header)) = (&pair[headers], &pair[header])
            && matches!((&**of, &**field), (Expr::Root(Root::Request), "headers"))
            && header.bytes().any(|byte| byte.is_ascii_uppercase())
        {
            let fault = self.fault(node, "no header has this name: they are in lower case here");
            return Err(Fault { help: Some(format!("write {}", quoted(&header.to_ascii_lowercase()))), ..fault });
        }
        match name {
            "_&&_" | "_||_" if !both(Type::Bool) => differ(self, "only what is true or false can be put together"),
            "_&&_" => Ok((Expr::And(pair), Type::Bool)),
            "_||_" => Ok((Expr::Or(pair), Type::Bool)),
            "_==_" | "_!=_" if !a.may_be(b) && a != Type::Null && b != Type::Null => {
                differ(self, "these can never be equal")
            }
            "_==_" | "_!=_" => Ok((Expr::Equal(name == "_!=_", pair), Type::Bool)),
            "@in" if ![Type::Any, Type::List, Type::Map].contains(&b) => {
                differ(self, "`in` wants a list or a mapping behind it")
            }
            "@in" => Ok((Expr::In(pair), Type::Bool)),
            "_[_]" => {
                let kind = match a {
                    Type::Any | Type::Map if b.may_be(Type::Text) || (a == Type::Any && b == Type::Number) => Type::Any,
                    Type::List if b.may_be(Type::Number) => Type::Any,
                    _ => return differ(self, "`[…]` wants a list and a number, or a mapping and a string"),
                };
                Ok((Expr::At(pair), kind))
            }
            _ => match (comparison, sign) {
                (Some(comparison), _) if both(Type::Number) || both(Type::Text) || both(Type::Bool) => {
                    Ok((Expr::Compare(comparison, pair), Type::Bool))
                }
                (Some(_), _) => differ(self, "these have no order"),
                (None, Some(Sign::Add)) if both(Type::Text) && (a, b) != (Type::Any, Type::Any) => {
                    Ok((Expr::Compute(Sign::Add, pair), Type::Text))
                }
                (None, Some(sign)) if both(Type::Number) => {
                    let kind =
                        if sign == Sign::Add && a == Type::Any && b == Type::Any { Type::Any } else { Type::Number };
                    Ok((Expr::Compute(sign, pair), kind))
                }
                (None, Some(_)) => differ(self, "expected two numbers"),
                (None, None) => Err(self.unknown_function(node, name)),
            },
        }
    }

    fn quantified(
        &mut self,
        node: &IdedExpr,
        name: &str,
        range: &IdedExpr,
        variable: &IdedExpr,
        body: &IdedExpr,
        depth: usize,
    ) -> Result<(Expr, Type), Fault> {
        let Parsed::Ident(variable_name) = &variable.expr else {
            return Err(self
                .fault(variable, format!("{} wants a name first, as in `args.items.{name}(item, …)`", quoted(name))));
        };
        if self.element.is_some() {
            let fault = self.fault(node, format!("{} stands in another quantifier", quoted(name)));
            return Err(Fault { help: Some("what that costs has no bound: write two conditions".to_owned()), ..fault });
        }
        if ["request", "segment", "tenant", "args"].contains(&variable_name.as_str()) {
            return Err(self.fault(variable, format!("{} is the name of something else", quoted(variable_name))));
        }
        let (over, kind) = self.expr(range, depth)?;
        if ![Type::Any, Type::List, Type::Map].contains(&kind) {
            return Err(self.fault(range, format!("expected a list or a mapping, and this is {}", kind.name())));
        }
        self.element = Some(variable_name.clone());
        let body = self.of(body, Type::Bool, depth);
        self.element = None;
        let quantifier = match name {
            "all" => Quantifier::All,
            "exists" => Quantifier::Exists,
            _ => Quantifier::ExistsOne,
        };
        Ok((Expr::Quantified(quantifier, Box::new([over, body?])), Type::Bool))
    }
}

/// Finds a match anywhere, in one pass.
fn compiled(pattern: &str) -> Result<Pattern, String> {
    let limits = dense::Config::new().dfa_size_limit(Some(MAX_PATTERN)).determinize_size_limit(Some(4 * MAX_PATTERN));
    let built = dense::Builder::new().configure(limits).syntax(syntax::Config::new().nest_limit(64)).build(pattern);
    match built {
        Ok(dfa) => Ok(Pattern(dfa)),
        Err(error) if error.is_size_limit_exceeded() => Err("the pattern is too large".to_owned()),
        Err(_) => Err("not a valid regular expression, or one with a Unicode `\\b` (write `(?-u:\\b)`)".to_owned()),
    }
}
