//! Steps to values.

use serde_json::Value;

use super::{Operand, Step, go_syntax};

/// The values that steps lead to from each of `current`.
pub(super) fn walk<'v>(steps: &[Step], mut current: Vec<&'v Value>) -> Result<Vec<&'v Value>, String> {
    for step in steps {
        let mut next = Vec::new();
        for value in current {
            walk_step(step, value, &mut next)?;
        }
        current = next;
    }
    Ok(current)
}

fn walk_step<'v>(step: &Step, value: &'v Value, next: &mut Vec<&'v Value>) -> Result<(), String> {
    match step {
        Step::Field(name) => {
            // A missing key prints nothing: `--allow-missing-template-keys` is on by default. A list hands the field to none of its items.
            next.extend(value.get(name.as_str()));
        }
        Step::Wildcard => match value {
            Value::Array(items) => next.extend(items),
            Value::Object(object) => {
                let mut keys: Vec<&String> = object.keys().collect();
                keys.sort();
                next.extend(keys.into_iter().map(|key| &object[key]));
            }
            _ => {}
        },
        Step::Recursive => descend(value, next),
        Step::Slice { start, end, step, is_index } => {
            let Value::Array(items) = value else {
                if value.is_null() {
                    return Ok(());
                }
                return Err(format!("{} is not array or slice", go_type(value)));
            };
            slice(items, *start, *end, *step, *is_index, next)?;
        }
        Step::Union(paths) => {
            for path in paths {
                next.extend(walk(path, vec![value])?);
            }
        }
        Step::Filter { left, operator, right } => {
            let Value::Array(items) = value else {
                return Err(format!("{} is not array or slice and cannot be filtered", go_syntax(value)));
            };
            for item in items {
                if matches(left, *operator, right.as_ref(), item)? {
                    next.push(item);
                }
            }
        }
        Step::Literal(_) => {}
        Step::Unknown(word) => return Err(format!("unrecognized identifier {word}")),
    }
    Ok(())
}

fn descend<'v>(value: &'v Value, next: &mut Vec<&'v Value>) {
    let children: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            keys.into_iter().map(|key| &object[key]).collect()
        }
        _ => return,
    };
    next.push(value);
    children.into_iter().for_each(|child| descend(child, next));
}

fn slice<'v>(
    items: &'v [Value],
    start: Option<i64>,
    end: Option<i64>,
    step: Option<i64>,
    is_index: bool,
    next: &mut Vec<&'v Value>,
) -> Result<(), String> {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let wrap = |index: i64| if index < 0 { index + length } else { index };
    let from = wrap(start.unwrap_or(0));
    let to = if is_index { from + 1 } else { end.map_or(length, |end| if end < 0 { end + length } else { end.min(length) }) };
    let out_of_bounds = |index: i64| format!("array index out of bounds: index {index}, length {length}");
    if is_index {
        if from < 0 || from >= length {
            return Err(out_of_bounds(from));
        }
        next.extend(items.get(usize::try_from(from).unwrap_or(usize::MAX)));
        return Ok(());
    }
    let stride = step.unwrap_or(1);
    if from < 0 || from >= length || to < 0 {
        return if length == 0 || from == to { Ok(()) } else { Err(out_of_bounds(if to < 0 { to } else { from })) };
    }
    if from > to {
        return Err(format!("starting index {from} is greater than ending index {to}"));
    }
    if stride <= 0 {
        return Err("step must be > 0".to_owned());
    }
    let range = usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0);
    next.extend(items[range].iter().step_by(usize::try_from(stride).unwrap_or(1)));
    Ok(())
}

fn matches(left: &Operand, operator: Option<&str>, right: Option<&Operand>, item: &Value) -> Result<bool, String> {
    let resolve = |operand: &Operand| -> Result<Option<Value>, String> {
        match operand {
            Operand::Literal(value) => Ok(Some(value.clone())),
            Operand::Path(steps) => {
                let found = walk(steps, vec![item])?;
                if found.len() > 1 {
                    return Err("can only compare one element at a time".to_owned());
                }
                Ok(found.first().map(|value| (*value).clone()))
            }
        }
    };
    let Some(left) = resolve(left)? else { return Ok(false) };
    let (Some(operator), Some(right)) = (operator, right) else { return Ok(true) };
    let Some(right) = resolve(right)? else { return Ok(false) };
    let order = match (&left, &right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    Ok(match operator {
        "==" => order.is_some_and(std::cmp::Ordering::is_eq),
        "!=" => order.is_none_or(std::cmp::Ordering::is_ne),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    })
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "map[string]interface {}",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "int64",
        Value::Array(_) => "[]interface {}",
        Value::Null => "nil",
    }
}
