//! From CEL's untyped syntax tree to a typed expression; whatever is not declared is refused.

use std::fmt;
use std::str::FromStr;

use cel::IdedExpr;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, Expr as Cel, LiteralValue, SelectExpr, SourceInfo};
use tenure_domain::name::Ground;
use tenure_domain::period::Period;

use super::{Arithmetic, Compare, ConditionError, DEPTH_MAX, Expr, FACTS_MAX, Fact, NODES_MAX, Of};
use crate::facts::Window;

const FORMS: &str =
    "facts read like reports(\"incitement\", \"P28D\").filed, .trend or .remediatedWithin(\"2bd\")";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool,
    Int,
    Double,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "a bool",
            Self::Int => "an int",
            Self::Double => "a double",
        })
    }
}

/// The whole condition, which must be of type bool.
pub(super) fn root(text: &str, expression: &IdedExpr, places: &SourceInfo) -> Result<Expr, ConditionError> {
    let mut check = Check { text, places, nodes: 0, facts: Vec::new() };
    match check.typed(expression, 0)? {
        (expr, Type::Bool) => Ok(expr),
        (_, found) => {
            Err(ConditionError::whole(format!("a condition is true or false, this is {found}: compare it")))
        }
    }
}

struct Check<'a> {
    text: &'a str,
    places: &'a SourceInfo,
    nodes: usize,
    /// The different facts so far.
    facts: Vec<Fact>,
}

impl Check<'_> {
    fn wrong<T>(&self, node: &IdedExpr, message: impl Into<String>) -> Result<T, ConditionError> {
        Err(match self.places.offset_for(node.id) {
            Some((start, _)) => {
                ConditionError::at(self.text, usize::try_from(start).unwrap_or(usize::MAX), message)
            }
            None => ConditionError::whole(message),
        })
    }

    fn typed(&mut self, node: &IdedExpr, depth: usize) -> Result<(Expr, Type), ConditionError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return self.wrong(node, format!("the condition has more than {NODES_MAX} parts"));
        }
        if depth > DEPTH_MAX {
            return self.wrong(
                node,
                format!("the condition nests deeper than {DEPTH_MAX}: join fewer parts or use parentheses"),
            );
        }
        match &node.expr {
            Cel::Literal(literal) => self.literal(node, literal),
            Cel::Call(call) => self.call(node, call, depth),
            Cel::Select(select) => self.select(node, select),
            Cel::Ident(name) => self.wrong(node, format!("{name:?} is not declared; {FORMS}")),
            Cel::Comprehension(_) => self.wrong(node, "macros that loop are not part of conditions"),
            Cel::List(_) | Cel::Map(_) | Cel::Struct(_) => {
                self.wrong(node, "lists and maps are not part of conditions")
            }
            Cel::Unspecified => self.wrong(node, "an expression is missing"),
        }
    }

    fn literal(&self, node: &IdedExpr, literal: &LiteralValue) -> Result<(Expr, Type), ConditionError> {
        match literal {
            LiteralValue::Boolean(value) => Ok((Expr::Bool(*value.inner()), Type::Bool)),
            LiteralValue::Int(value) => Ok((Expr::Int(*value.inner()), Type::Int)),
            LiteralValue::Double(value) if value.inner().is_finite() => {
                Ok((Expr::Double(*value.inner()), Type::Double))
            }
            LiteralValue::Double(_) => self.wrong(node, "this number is too large"),
            LiteralValue::String(_) => {
                self.wrong(node, "a text has no value of its own: compare numbers, such as 50")
            }
            LiteralValue::UInt(_) => self.wrong(node, "write the number without u"),
            LiteralValue::Bytes(_) | LiteralValue::Null => {
                self.wrong(node, "this value is not part of conditions")
            }
        }
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Result<(Expr, Type), ConditionError> {
        if select.test {
            return self.wrong(node, "macros are not part of conditions");
        }
        let (of, found) = match select.field.as_str() {
            "filed" => (Of::Filed, Type::Int),
            "trend" => (Of::Trend, Type::Double),
            "remediatedWithin" => {
                return self
                    .wrong(node, "remediatedWithin takes a period, such as remediatedWithin(\"2bd\")");
            }
            other => return self.wrong(node, format!("{other:?} is not declared; {FORMS}")),
        };
        let (ground, window) = self.reports(&select.operand)?;
        Ok((self.fact(node, Fact { ground, window, of })?, found))
    }

    fn call(
        &mut self,
        node: &IdedExpr,
        call: &CallExpr,
        depth: usize,
    ) -> Result<(Expr, Type), ConditionError> {
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), call.args.as_slice()) {
            ("remediatedWithin", Some(target), [period]) => {
                let (ground, window) = self.reports(target)?;
                let within: Period = self.text_literal(period, "a period")?;
                if within.is_zero() {
                    return self.wrong(period, "nobody can remedy anything within no time: write how long");
                }
                let fact = Fact { ground, window, of: Of::RemediatedWithin(within) };
                Ok((self.fact(node, fact)?, Type::Double))
            }
            ("remediatedWithin", Some(_), _) => {
                self.wrong(node, "remediatedWithin takes one period, such as remediatedWithin(\"2bd\")")
            }
            ("reports", None, _) => self.wrong(node, format!("reports has no value of its own; {FORMS}")),
            (op::LOGICAL_NOT, None, [of]) => {
                let of = self.boolean(of, depth)?;
                Ok((Expr::Not(Box::new(of)), Type::Bool))
            }
            (op::LOGICAL_AND, None, [left, right]) => {
                let (left, right) = (self.boolean(left, depth)?, self.boolean(right, depth)?);
                Ok((Expr::And(Box::new(left), Box::new(right)), Type::Bool))
            }
            (op::LOGICAL_OR, None, [left, right]) => {
                let (left, right) = (self.boolean(left, depth)?, self.boolean(right, depth)?);
                Ok((Expr::Or(Box::new(left), Box::new(right)), Type::Bool))
            }
            (op::CONDITIONAL, None, [test, left, right]) => {
                let test = self.boolean(test, depth)?;
                let (left, right, found) = self.alike(node, left, right, depth)?;
                Ok((Expr::If(Box::new(test), Box::new(left), Box::new(right)), found))
            }
            (op::NEGATE, None, [of]) => match self.typed(of, depth + 1)? {
                (_, Type::Bool) => self.wrong(node, "only numbers are negated with -: write !"),
                (expr, found) => Ok((Expr::Negate(Box::new(expr)), found)),
            },
            (name, None, [left, right]) => {
                if let Some(arithmetic) = arithmetic(name) {
                    let (left, right, found) = self.alike(node, left, right, depth)?;
                    let is_remainder = arithmetic == Arithmetic::Remainder;
                    if found == Type::Bool || (is_remainder && found == Type::Double) {
                        return self.wrong(node, format!("{found} cannot be calculated with here"));
                    }
                    Ok((Expr::Arithmetic(arithmetic, Box::new(left), Box::new(right)), found))
                } else if let Some(compare) = compare(name) {
                    let (left, right, found) = self.alike(node, left, right, depth)?;
                    if found == Type::Bool && !matches!(compare, Compare::Equal | Compare::NotEqual) {
                        return self.wrong(node, "true and false have no order");
                    }
                    Ok((Expr::Compare(compare, Box::new(left), Box::new(right)), Type::Bool))
                } else {
                    self.undeclared(node, name)
                }
            }
            _ => self.undeclared(node, name),
        }
    }

    fn fact(&mut self, node: &IdedExpr, fact: Fact) -> Result<Expr, ConditionError> {
        if !self.facts.contains(&fact) {
            if self.facts.len() == FACTS_MAX {
                return self
                    .wrong(node, format!("the condition reads more than {FACTS_MAX} different facts"));
            }
            self.facts.push(fact.clone());
        }
        Ok(Expr::Fact(fact))
    }

    fn undeclared<T>(&self, node: &IdedExpr, name: &str) -> Result<T, ConditionError> {
        match name {
            op::IN | op::INDEX | op::OPT_INDEX | op::OPT_SELECT => {
                self.wrong(node, "lists and maps are not part of conditions")
            }
            name => self.wrong(node, format!("{name:?} is not declared; {FORMS}")),
        }
    }

    fn boolean(&mut self, node: &IdedExpr, depth: usize) -> Result<Expr, ConditionError> {
        match self.typed(node, depth + 1)? {
            (expr, Type::Bool) => Ok(expr),
            (_, found) => self.wrong(node, format!("true or false is needed, this is {found}: compare it")),
        }
    }

    /// Two operands of one type.
    fn alike(
        &mut self,
        node: &IdedExpr,
        left: &IdedExpr,
        right: &IdedExpr,
        depth: usize,
    ) -> Result<(Expr, Expr, Type), ConditionError> {
        let (left, left_type) = self.typed(left, depth + 1)?;
        let (right, right_type) = self.typed(right, depth + 1)?;
        if left_type != right_type {
            let hint = if left_type == Type::Bool || right_type == Type::Bool {
                ""
            } else {
                "; write an int as 50 and a double as 50.0"
            };
            return self.wrong(
                node,
                format!("both sides must be alike, but they are {left_type} and {right_type}{hint}"),
            );
        }
        Ok((left, right, left_type))
    }

    /// The arguments of `reports("GROUND", "WINDOW")`.
    fn reports(&mut self, node: &IdedExpr) -> Result<(Ground, Window), ConditionError> {
        self.nodes += 3;
        if self.nodes > NODES_MAX {
            return self.wrong(node, format!("the condition has more than {NODES_MAX} parts"));
        }
        match &node.expr {
            Cel::Call(CallExpr { func_name, target: None, args }) if func_name == "reports" => {
                match args.as_slice() {
                    [ground, window] => {
                        Ok((self.text_literal(ground, "a ground")?, self.text_literal(window, "a window")?))
                    }
                    _ => self.wrong(node, format!("reports takes a ground and a window; {FORMS}")),
                }
            }
            _ => self.wrong(node, FORMS),
        }
    }

    fn text_literal<T: FromStr>(&self, node: &IdedExpr, what: &str) -> Result<T, ConditionError>
    where
        T::Err: fmt::Display,
    {
        match &node.expr {
            Cel::Literal(LiteralValue::String(text)) => match text.inner().parse() {
                Ok(value) => Ok(value),
                Err(error) => self.wrong(node, error.to_string()),
            },
            _ => self.wrong(node, format!("{what} is written as a text in quotes")),
        }
    }
}

fn arithmetic(name: &str) -> Option<Arithmetic> {
    Some(match name {
        op::ADD => Arithmetic::Add,
        op::SUBSTRACT => Arithmetic::Subtract,
        op::MULTIPLY => Arithmetic::Multiply,
        op::DIVIDE => Arithmetic::Divide,
        op::MODULO => Arithmetic::Remainder,
        _ => return None,
    })
}

fn compare(name: &str) -> Option<Compare> {
    Some(match name {
        op::LESS => Compare::Less,
        op::LESS_EQUALS => Compare::LessOrEqual,
        op::GREATER => Compare::Greater,
        op::GREATER_EQUALS => Compare::GreaterOrEqual,
        op::EQUALS => Compare::Equal,
        op::NOT_EQUALS => Compare::NotEqual,
        _ => return None,
    })
}
