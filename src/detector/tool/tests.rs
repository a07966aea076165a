#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn plan(names: &[&str], require: Option<&str>) -> ToolPlan {
    let require = require.map(|source| Condition::new(source, About::Require).unwrap());
    ToolPlan { which: Which::Named(names.iter().map(|name| written(name)).collect()), require }
}

fn written(shown: &str) -> Name {
    let parts = parts(shown);
    let last = parts.last().filter(|last| parts.len() > 1 && last.chars().any(char::is_alphanumeric));
    Name { shown: shown.into(), whole: parts.concat(), bare: last.cloned() }
}

fn found(plan: &ToolPlan, name: &str) -> bool {
    plan.finds(Some(name), Some(&json!({})), &Facts::default()).is_some()
}

#[test]
fn names_match_however_they_are_spelled() {
    let refund = plan(&["refund_order"], None);
    for name in [
        "refund_order",
        "RefundOrder",
        "refund-order",
        "refund order",
        " REFUND_ORDER ",
        "functions.refund_order",
        "mcp__shop__refund_order",
        "shop/refund_order",
        "shop:refund_order",
        "a.b.c/refundOrder",
        "refund__order",
        "ｒefund_order",
        "refund\u{200b}_order",
        "refund.order",
    ] {
        assert!(found(&refund, name), "{name}");
    }
    for name in ["refund_orders", "refund", "order", "order_refund", "refund_order_2"] {
        assert!(!found(&refund, name), "{name}");
    }
    let any = plan(&["refund*", "*delete*"], None);
    for name in ["refund", "refunds", "shop.refund_all", "do_delete", "delete", "Refund.all"] {
        assert!(found(&any, name), "{name}");
    }
    assert!(!found(&any, "get_weather") && !found(&any, "prerefund"));
    // A namespace that is written counts where the call has one.
    let shop = plan(&["shop.refund*"], None);
    assert!(found(&shop, "shop.refund_all") && found(&shop, "mcp/shop/refund") && found(&shop, "refund_all"));
    assert!(!found(&shop, "ship.refund_all") && !found(&shop, "shop.order"));
    assert!(found(&plan(&["github.*"], None), "github.delete") && !found(&plan(&["github.*"], None), "delete"));
}

#[test]
fn calls_without_a_name_are_anybodys() {
    let refund = plan(&["refund"], Some("args.amount <= 100"));
    let small = json!({ "amount": 5 });
    let found = |name: Option<&str>, args: Option<&Value>| refund.finds(name, args, &Facts::default()).is_some();
    assert!(!found(Some("refund"), Some(&small)) && !found(None, Some(&small)));
    for name in [None, Some(""), Some(" __ "), Some("refund")] {
        assert!(found(name, None), "{name:?}");
        assert!(found(name, Some(&json!({ "amount": "5" }))), "{name:?}");
    }
    assert!(found(Some(&"x".repeat(2000)), None) && !found(Some("weather"), None));
    let denied = plan(&["refund"], None);
    assert!(denied.finds(None, Some(&small), &Facts::default()).is_some());
}

#[test]
fn what_is_not_allowed_is_found() {
    let names: Vec<Name> = ["get_weather", "shop.list*"].into_iter().map(written).collect();
    let plan = ToolPlan { which: Which::Others(names.into()), require: None };
    for name in ["get_weather", "getWeather", "functions.get_weather", "shop.list_orders", "shop__list"] {
        assert!(!found(&plan, name), "{name}");
    }
    for name in ["list", "evil.get_weather", "mcp__evil__get_weather", "get_weather2", "", "shop.delete"] {
        assert!(found(&plan, name), "{name}");
    }
    assert!(plan.finds(None, None, &Facts::default()).is_some());
}

proptest! {
    #[test]
    fn stars_match_as_a_plain_reading_says(form in "[ab*]{0,6}", name in "[ab]{0,8}") {
        fn plain(form: &[u8], name: &[u8]) -> bool {
            match form.split_first() {
                None => name.is_empty(),
                Some((b'*', rest)) => (0..=name.len()).any(|from| plain(rest, &name[from..])),
                Some((byte, rest)) => name.first() == Some(byte) && plain(rest, &name[1..]),
            }
        }
        prop_assert_eq!(is_like(&form, &name), plain(form.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn no_name_breaks_anything(name in "\\PC{0,40}", form in "[a-z*._/]{1,12}") {
        let _ = found(&plan(&[&form], None), &name);
    }
}
