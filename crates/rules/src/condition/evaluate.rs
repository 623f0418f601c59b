//! Evaluating a checked condition. It reads each fact once, and never panics: what has no value cannot be decided.

use std::cmp::Ordering;

use super::{Arithmetic, Compare, Expr, Fact, Of};
use crate::facts::Facts;
use crate::verdict::{FactUsed, Verdict};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Bool(bool),
    Int(i64),
    Double(f64),
}

/// Why there is no value.
type Undecided = String;

pub(super) fn verdict(root: &Expr, facts: &Facts<'_>) -> Verdict {
    let mut evaluation = Evaluation { facts, read: Vec::new() };
    match evaluation.bool(root) {
        Ok(true) => Verdict::Match(evaluation.used()),
        Ok(false) => Verdict::NoMatch(evaluation.used()),
        Err(why) => Verdict::CannotDecide(why),
    }
}

struct Evaluation<'e, 'f> {
    facts: &'e Facts<'f>,
    /// The facts read so far, at most [`super::FACTS_MAX`].
    read: Vec<(&'e Fact, Result<Value, Undecided>)>,
}

impl<'e> Evaluation<'e, '_> {
    fn used(self) -> Vec<FactUsed> {
        let used = |(fact, value): (&Fact, Result<Value, Undecided>)| {
            Some(FactUsed { name: name(fact), value: text(value.ok()?) })
        };
        self.read.into_iter().filter_map(used).collect()
    }

    fn value(&mut self, expr: &'e Expr) -> Result<Value, Undecided> {
        Ok(match expr {
            Expr::Bool(value) => Value::Bool(*value),
            Expr::Int(value) => Value::Int(*value),
            Expr::Double(value) => Value::Double(*value),
            Expr::Fact(fact) => return self.fact(fact),
            Expr::Not(of) => Value::Bool(!self.bool(of)?),
            Expr::Negate(of) => match self.value(of)? {
                Value::Int(n) => Value::Int(n.checked_neg().ok_or("a number is too large")?),
                Value::Double(n) => Value::Double(-n),
                Value::Bool(_) => return Err(mixed()),
            },
            Expr::And(left, right) => Value::Bool(self.either(left, right, false)?),
            Expr::Or(left, right) => Value::Bool(self.either(left, right, true)?),
            Expr::If(test, yes, no) => {
                let branch = if self.bool(test)? { yes } else { no };
                return self.value(branch);
            }
            Expr::Arithmetic(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                return arithmetic(*operator, left, right);
            }
            Expr::Compare(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Value::Bool(compare(*operator, left, right)?)
            }
        })
    }

    fn bool(&mut self, expr: &'e Expr) -> Result<bool, Undecided> {
        match self.value(expr)? {
            Value::Bool(value) => Ok(value),
            Value::Int(_) | Value::Double(_) => Err(mixed()),
        }
    }

    /// `&&` with `decisive` false, `||` with `decisive` true: one decisive side decides, even where the other has no
    /// value.
    fn either(&mut self, left: &'e Expr, right: &'e Expr, decisive: bool) -> Result<bool, Undecided> {
        let left = self.bool(left);
        if left == Ok(decisive) {
            return left;
        }
        let right = self.bool(right);
        if right == Ok(decisive) { right } else { left.and(right) }
    }

    fn fact(&mut self, fact: &'e Fact) -> Result<Value, Undecided> {
        if let Some((_, value)) = self.read.iter().find(|(read, _)| *read == fact) {
            return value.clone();
        }
        let value = match fact.of {
            Of::Filed => self.facts.filed(&fact.ground, fact.window).map(Value::Int),
            Of::Trend => self.facts.trend(&fact.ground, fact.window).map(Value::Double),
            Of::RemediatedWithin(period) => {
                self.facts.remediated_within(&fact.ground, fact.window, period).map(Value::Double)
            }
        };
        let value = value.map_err(|missing| format!("{}: {missing}", name(fact)));
        self.read.push((fact, value.clone()));
        value
    }
}

/// Only a fault of the type check could lead here; it is answered like any other missing value.
fn mixed() -> Undecided {
    "values of different types meet".to_owned()
}

fn arithmetic(operator: Arithmetic, left: Value, right: Value) -> Result<Value, Undecided> {
    let value = match (left, right) {
        (Value::Int(a), Value::Int(b)) => match operator {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            Arithmetic::Multiply => a.checked_mul(b),
            Arithmetic::Divide => a.checked_div(b),
            Arithmetic::Remainder => a.checked_rem(b),
        }
        .map(Value::Int),
        (Value::Double(a), Value::Double(b)) => {
            let value = match operator {
                Arithmetic::Add => a + b,
                Arithmetic::Subtract => a - b,
                Arithmetic::Multiply => a * b,
                Arithmetic::Divide => a / b,
                Arithmetic::Remainder => return Err(mixed()),
            };
            // CEL has infinities; a rule that acts on one would act on a division by zero.
            value.is_finite().then_some(Value::Double(value))
        }
        _ => return Err(mixed()),
    };
    value.ok_or_else(|| "a calculation divides by zero or its result is too large".to_owned())
}

fn compare(operator: Compare, left: Value, right: Value) -> Result<bool, Undecided> {
    let order = match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
        (Value::Int(a), Value::Int(b)) => a.cmp(&b),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(&b).ok_or_else(mixed)?,
        _ => return Err(mixed()),
    };
    Ok(match operator {
        Compare::Less => order == Ordering::Less,
        Compare::LessOrEqual => order != Ordering::Greater,
        Compare::Greater => order == Ordering::Greater,
        Compare::GreaterOrEqual => order != Ordering::Less,
        Compare::Equal => order == Ordering::Equal,
        Compare::NotEqual => order != Ordering::Equal,
    })
}

/// The fact as conditions write it.
fn name(fact: &Fact) -> String {
    let Fact { ground, window, of } = fact;
    match of {
        Of::Filed => format!("reports(\"{ground}\", \"{window}\").filed"),
        Of::Trend => format!("reports(\"{ground}\", \"{window}\").trend"),
        Of::RemediatedWithin(period) => {
            format!("reports(\"{ground}\", \"{window}\").remediatedWithin(\"{period}\")")
        }
    }
}

fn text(value: Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        // Debug keeps the ".0" that makes it a double in CEL.
        Value::Double(value) => format!("{value:?}"),
    }
}
