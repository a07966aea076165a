//! Judging: a walk over the checked tree that counts its steps.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use regex_automata::dfa::Automaton;
use regex_automata::dfa::dense::DFA;
use regex_automata::{Anchored, Input};

use super::{Facts, MAX_COST, Unjudged};

/// A checked expression.
#[derive(Debug)]
pub(super) enum Expr {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Arc<str>),
    List(Vec<Expr>),
    Root(Root),
    /// What a quantifier goes over.
    Element,
    Field(Box<Expr>, Arc<str>),
    Has(Box<Expr>, Arc<str>),
    At(Box<[Expr; 2]>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<[Expr; 2]>),
    Or(Box<[Expr; 2]>),
    If(Box<[Expr; 3]>),
    /// The same, or (`true`) not the same.
    Equal(bool, Box<[Expr; 2]>),
    Compare(Comparison, Box<[Expr; 2]>),
    In(Box<[Expr; 2]>),
    Compute(Sign, Box<[Expr; 2]>),
    Size(Box<Expr>),
    Search(Search, Box<[Expr; 2]>),
    Matches(Box<Expr>, Box<Pattern>),
    Case(Case, Box<Expr>),
    Convert(To, Box<Expr>),
    /// The range and what must hold of its elements.
    Quantified(Quantifier, Box<[Expr; 2]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Request,
    Segment,
    Tenant,
    Args,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Search {
    StartsWith,
    EndsWith,
    Contains,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Case {
    Lower,
    Upper,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum To {
    Int,
    Double,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    All,
    Exists,
    ExistsOne,
}

/// A compiled regular expression.
pub(super) struct Pattern(pub(super) DFA<Vec<u32>>);

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pattern")
    }
}

/// A value while a condition is judged.
#[derive(Clone, Debug)]
enum Value<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'v, str>),
    Items(Rc<[Value<'v>]>),
    List(&'v [serde_json::Value]),
    Map(&'v serde_json::Map<String, serde_json::Value>),
}

impl<'v> From<&'v serde_json::Value> for Value<'v> {
    fn from(json: &'v serde_json::Value) -> Value<'v> {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Value::Int(number),
                None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(Cow::Borrowed(text)),
            Json::Array(items) => Value::List(items),
            Json::Object(map) => Value::Map(map),
        }
    }
}

/// Judges one condition once.
pub(super) struct Judge<'v> {
    facts: Facts<'v>,
    strict: bool,
    left: Cell<u32>,
}

impl<'v> Judge<'v> {
    pub(super) fn new(facts: &Facts<'v>, strict: bool) -> Judge<'v> {
        Judge { facts: *facts, strict, left: Cell::new(MAX_COST) }
    }

    pub(super) fn holds(&self, root: &'v Expr) -> Result<bool, Unjudged> {
        self.bool(root, None)
    }

    /// Counts a step, and the bytes that it looks at.
    fn pay(&self, bytes: usize) -> Result<(), Unjudged> {
        let cost = u32::try_from(bytes / 32).unwrap_or(u32::MAX).saturating_add(1);
        self.left.set(self.left.get().checked_sub(cost).ok_or(Unjudged::Cost)?);
        Ok(())
    }

    fn bool(&self, expr: &'v Expr, element: Element<'_, 'v>) -> Result<bool, Unjudged> {
        match self.value(expr, element)? {
            Value::Bool(value) => Ok(value),
            _ => Err(Unjudged::Type),
        }
    }

    fn value(&self, expr: &'v Expr, element: Element<'_, 'v>) -> Result<Value<'v>, Unjudged> {
        self.pay(0)?;
        let value = |inner: &'v Expr| self.value(inner, element);
        Ok(match expr {
            Expr::Null => Value::Null,
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Int(value) => Value::Int(*value),
            Expr::Double(value) => Value::Double(*value),
            Expr::Text(text) => Value::Text(Cow::Borrowed(text)),
            Expr::List(items) => Value::Items(items.iter().map(value).collect::<Result<_, _>>()?),
            Expr::Root(root) => Value::from(match root {
                Root::Request => self.facts.request,
                Root::Segment => self.facts.segment,
                Root::Tenant => self.facts.tenant,
                Root::Args => self.facts.args,
            }),
            Expr::Element => element.cloned().ok_or(Unjudged::Missing)?,
            Expr::Field(of, name) => field(&value(of)?, name)?.ok_or(Unjudged::Missing)?,
            Expr::Has(of, name) => Value::Bool(field(&value(of)?, name)?.is_some()),
            Expr::At(pair) => at(&value(&pair[0])?, &value(&pair[1])?)?,
            Expr::Not(of) => Value::Bool(!self.bool(of, element)?),
            Expr::Negate(of) => match value(of)? {
                Value::Int(number) => Value::Int(number.checked_neg().ok_or(Unjudged::Arithmetic)?),
                Value::Double(number) => Value::Double(-number),
                _ => return Err(Unjudged::Type),
            },
            Expr::And(pair) => Value::Bool(self.either(false, pair, element)?),
            Expr::Or(pair) => Value::Bool(self.either(true, pair, element)?),
            Expr::If(three) => value(&three[if self.bool(&three[0], element)? { 1 } else { 2 }])?,
            Expr::Equal(not, pair) => {
                // To ask whether something is null is no question of its type.
                let null = pair.iter().any(|side| matches!(side, Expr::Null));
                let equal = self.equal(&value(&pair[0])?, &value(&pair[1])?, self.strict && !null)?;
                Value::Bool(equal != *not)
            }
            Expr::Compare(comparison, pair) => {
                let order = self.order(&value(&pair[0])?, &value(&pair[1])?)?;
                Value::Bool(match comparison {
                    Comparison::Less => order == Ordering::Less,
                    Comparison::LessOrEqual => order != Ordering::Greater,
                    Comparison::Greater => order == Ordering::Greater,
                    Comparison::GreaterOrEqual => order != Ordering::Less,
                })
            }
            Expr::In(pair) => Value::Bool(self.is_in(&value(&pair[0])?, &value(&pair[1])?)?),
            Expr::Compute(sign, pair) => self.compute(*sign, &value(&pair[0])?, &value(&pair[1])?)?,
            Expr::Size(of) => Value::Int(i64::try_from(self.size(&value(of)?)?).map_err(|_| Unjudged::Arithmetic)?),
            Expr::Search(search, pair) => {
                let (text, part) = (self.text(value(&pair[0])?)?, self.text(value(&pair[1])?)?);
                Value::Bool(match search {
                    Search::StartsWith => text.starts_with(&*part),
                    Search::EndsWith => text.ends_with(&*part),
                    Search::Contains => text.contains(&*part),
                })
            }
            Expr::Matches(of, pattern) => {
                let text = self.text(value(of)?)?;
                let input = Input::new(&*text).anchored(Anchored::No).earliest(true);
                Value::Bool(pattern.0.try_search_fwd(&input).map_err(|_| Unjudged::Cost)?.is_some())
            }
            Expr::Case(case, of) => {
                let text = self.text(value(of)?)?;
                Value::Text(Cow::Owned(match case {
                    Case::Lower => text.to_ascii_lowercase(),
                    Case::Upper => text.to_ascii_uppercase(),
                }))
            }
            Expr::Convert(to, of) => convert(*to, value(of)?)?,
            Expr::Quantified(quantifier, pair) => {
                Value::Bool(self.quantified(*quantifier, &value(&pair[0])?, &pair[1])?)
            }
        })
    }

    /// `||` (`decides` is true) and `&&`: what one side decides is decided, whatever is wrong with the other. Strictly,
    /// the first side has to be told.
    fn either(&self, decides: bool, pair: &'v [Expr; 2], element: Element<'_, 'v>) -> Result<bool, Unjudged> {
        let first = self.bool(&pair[0], element);
        match first {
            Ok(first) if first == decides => Ok(decides),
            Err(error) if self.strict || error == Unjudged::Cost => Err(error),
            _ => match self.bool(&pair[1], element)? {
                second if second == decides => Ok(decides),
                _ => first,
            },
        }
    }

    fn quantified(&self, quantifier: Quantifier, over: &Value<'v>, body: &'v Expr) -> Result<bool, Unjudged> {
        let (mut found, mut unjudged) = (0, None);
        // The element that decides: one that does not hold for `all`, one that holds for `exists`.
        let decides = quantifier == Quantifier::Exists;
        for element in elements(over)? {
            match self.bool(body, Some(&element)) {
                Ok(holds) => {
                    if quantifier != Quantifier::ExistsOne && holds == decides {
                        return Ok(decides);
                    }
                    found += usize::from(holds);
                }
                Err(error) if self.strict || error == Unjudged::Cost || quantifier == Quantifier::ExistsOne => {
                    return Err(error);
                }
                Err(error) => unjudged = Some(error),
            }
        }
        match (unjudged, quantifier) {
            (Some(error), _) => Err(error),
            (None, Quantifier::ExistsOne) => Ok(found == 1),
            (None, _) => Ok(!decides),
        }
    }

    fn text(&self, value: Value<'v>) -> Result<Cow<'v, str>, Unjudged> {
        let Value::Text(text) = value else { return Err(Unjudged::Type) };
        self.pay(text.len())?;
        Ok(text)
    }

    /// Numbers compare as numbers. Other values of different types are unequal; strictly, that is an error.
    fn equal(&self, one: &Value<'v>, other: &Value<'v>, strict: bool) -> Result<bool, Unjudged> {
        self.pay(0)?;
        Ok(match (one, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::Text(one), Value::Text(other)) => {
                self.pay(one.len().min(other.len()))?;
                one == other
            }
            (Value::Int(_) | Value::Double(_), Value::Int(_) | Value::Double(_)) => {
                numbers(one, other)? == Ordering::Equal
            }
            (Value::Items(_) | Value::List(_), Value::Items(_) | Value::List(_)) => {
                let (mut ones, mut others) = (elements(one)?, elements(other)?);
                loop {
                    match (ones.next(), others.next()) {
                        (None, None) => break true,
                        (Some(one), Some(other)) if self.equal(&one, &other, strict)? => {}
                        _ => break false,
                    }
                }
            }
            (Value::Map(one), Value::Map(other)) => {
                if one.len() != other.len() {
                    return Ok(false);
                }
                for (key, one) in *one {
                    self.pay(key.len())?;
                    let Some(other) = other.get(key) else { return Ok(false) };
                    if !self.equal(&one.into(), &other.into(), strict)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ if strict => return Err(Unjudged::Type),
            _ => false,
        })
    }

    fn order(&self, one: &Value<'v>, other: &Value<'v>) -> Result<Ordering, Unjudged> {
        match (one, other) {
            (Value::Text(one), Value::Text(other)) => {
                self.pay(one.len().min(other.len()))?;
                Ok(one.cmp(other))
            }
            (Value::Bool(one), Value::Bool(other)) => Ok(one.cmp(other)),
            _ => numbers(one, other),
        }
    }

    fn is_in(&self, value: &Value<'v>, list: &Value<'v>) -> Result<bool, Unjudged> {
        if let Value::Map(map) = list {
            let Value::Text(key) = value else { return Err(Unjudged::Type) };
            self.pay(key.len())?;
            return Ok(map.contains_key(&**key));
        }
        let mut unjudged = None;
        for element in elements(list)? {
            match self.equal(value, &element, self.strict) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(Unjudged::Cost) => return Err(Unjudged::Cost),
                Err(error) => unjudged = Some(error),
            }
        }
        unjudged.map_or(Ok(false), Err)
    }

    fn compute(&self, sign: Sign, one: &Value<'v>, other: &Value<'v>) -> Result<Value<'v>, Unjudged> {
        if let (Value::Text(one), Value::Text(other), Sign::Add) = (one, other, sign) {
            self.pay(one.len() + other.len())?;
            return Ok(Value::Text(Cow::Owned(format!("{one}{other}"))));
        }
        if let (&Value::Int(one), &Value::Int(other)) = (one, other) {
            let result = match sign {
                Sign::Add => one.checked_add(other),
                Sign::Subtract => one.checked_sub(other),
                Sign::Multiply => one.checked_mul(other),
                Sign::Divide => one.checked_div(other),
                Sign::Remainder => one.checked_rem(other),
            };
            return result.map(Value::Int).ok_or(Unjudged::Arithmetic);
        }
        let (one, other) = (double(one)?, double(other)?);
        let result = match sign {
            Sign::Add => one + other,
            Sign::Subtract => one - other,
            Sign::Multiply => one * other,
            Sign::Divide => one / other,
            Sign::Remainder => return Err(Unjudged::Type),
        };
        if result.is_finite() { Ok(Value::Double(result)) } else { Err(Unjudged::Arithmetic) }
    }

    /// Characters of a text, elements of a list or a mapping.
    fn size(&self, of: &Value<'v>) -> Result<usize, Unjudged> {
        Ok(match of {
            Value::Text(text) => {
                self.pay(text.len())?;
                text.chars().count()
            }
            Value::Items(items) => items.len(),
            Value::List(items) => items.len(),
            Value::Map(map) => map.len(),
            _ => return Err(Unjudged::Type),
        })
    }
}

/// What a quantifier is at, if one goes.
type Element<'e, 'v> = Option<&'e Value<'v>>;

/// From here on not every whole number is a double: 2^53.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// The elements of a list, the keys of a mapping.
fn elements<'e, 'v>(of: &'e Value<'v>) -> Result<Box<dyn Iterator<Item = Value<'v>> + 'e>, Unjudged> {
    Ok(match of {
        Value::Items(items) => Box::new(items.iter().cloned()),
        Value::List(items) => Box::new(items.iter().map(Value::from)),
        Value::Map(map) => Box::new(map.keys().map(|key| Value::Text(Cow::Borrowed(&**key)))),
        _ => return Err(Unjudged::Type),
    })
}

fn convert(to: To, value: Value<'_>) -> Result<Value<'_>, Unjudged> {
    Ok(match (to, value) {
        (To::Int, Value::Int(number)) => Value::Int(number),
        (To::Int, Value::Double(number)) if number.abs() < LARGEST_WHOLE => Value::Int(number as i64),
        (To::Int, Value::Double(_)) => return Err(Unjudged::Arithmetic),
        (To::Int, Value::Text(text)) => Value::Int(text.parse().map_err(|_| Unjudged::Type)?),
        (To::Double, value @ (Value::Int(_) | Value::Double(_))) => Value::Double(double(&value)?),
        (To::Double, Value::Text(text)) => {
            let number: f64 = text.parse().map_err(|_| Unjudged::Type)?;
            Value::Double(Some(number).filter(|number| number.is_finite()).ok_or(Unjudged::Arithmetic)?)
        }
        (To::Text, Value::Text(text)) => Value::Text(text),
        (To::Text, Value::Int(number)) => Value::Text(Cow::Owned(number.to_string())),
        (To::Text, Value::Double(number)) => Value::Text(Cow::Owned(number.to_string())),
        (To::Text, Value::Bool(value)) => Value::Text(Cow::Borrowed(if value { "true" } else { "false" })),
        _ => return Err(Unjudged::Type),
    })
}

fn field<'v>(of: &Value<'v>, name: &str) -> Result<Option<Value<'v>>, Unjudged> {
    match of {
        Value::Map(map) => Ok(map.get(name).map(Value::from)),
        // A fact that is not there at all.
        Value::Null => Err(Unjudged::Missing),
        _ => Err(Unjudged::Type),
    }
}

fn at<'v>(of: &Value<'v>, index: &Value<'v>) -> Result<Value<'v>, Unjudged> {
    let position = |length: usize| match index {
        Value::Int(index) => usize::try_from(*index).ok().filter(|&at| at < length).ok_or(Unjudged::Missing),
        _ => Err(Unjudged::Type),
    };
    match (of, index) {
        (Value::Items(items), _) => Ok(items[position(items.len())?].clone()),
        (Value::List(items), _) => Ok((&items[position(items.len())?]).into()),
        (Value::Map(_), Value::Text(name)) => field(of, name)?.ok_or(Unjudged::Missing),
        (Value::Null, _) => Err(Unjudged::Missing),
        _ => Err(Unjudged::Type),
    }
}

fn double(value: &Value<'_>) -> Result<f64, Unjudged> {
    match value {
        Value::Int(number) => Ok(*number as f64),
        Value::Double(number) => Ok(*number),
        _ => Err(Unjudged::Type),
    }
}

fn numbers(one: &Value<'_>, other: &Value<'_>) -> Result<Ordering, Unjudged> {
    if let (Value::Int(one), Value::Int(other)) = (one, other) {
        return Ok(one.cmp(other));
    }
    double(one)?.partial_cmp(&double(other)?).ok_or(Unjudged::Arithmetic)
}
