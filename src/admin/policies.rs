//! `GET /v1/policies`: what is served, route by route.

use serde_json::{Value, json};

use crate::policy::Context;
use crate::policy::rule::Mode;
use crate::server::App;

/// Routes with their policies, tenants with theirs, and the models that are loaded.
pub(super) fn list(app: &App) -> Value {
    let routes = app.config.routes.iter().zip(&app.guard.routes).map(|(route, context)| {
        let upstream = app.config.upstreams.get(route.upstream).map(|upstream| upstream.name.as_str());
        json!({ "path": route.path, "upstream": upstream, "inspected": context.is_some(),
                "policies": context.as_ref().map(policies) })
    });
    let tenants = app.config.tenants.iter().flat_map(|tenants| &tenants.list).map(|tenant| {
        let own = app.guard.tenants.contains_key(&tenant.name);
        json!({ "name": *tenant.name, "own_policy": own, "policy": tenant.policy })
    });
    let models = app.guard.inference.iter().flat_map(|inference| inference.models());
    let models = models.map(|model| json!({ "name": *model.name, "hash": *model.hash8, "labels": *model.labels }));
    json!({
        "routes": routes.collect::<Vec<_>>(),
        "tenants": tenants.collect::<Vec<_>>(),
        "models": models.collect::<Vec<_>>(),
    })
}

fn policies(context: &Context) -> Vec<Value> {
    let rules = context.rules.rules();
    let policies = context.rules.policies().iter().enumerate();
    let shown = policies.map(|(index, policy)| {
        let own = rules.iter().filter(|rule| rule.policy == index);
        let rules = own.map(|rule| {
            let mode = if rule.spec.mode == Mode::Enforce { "enforce" } else { "shadow" };
            json!({ "id": *rule.spec.id, "detector": rule.spec.detector, "action": rule.spec.action.name(), "mode": mode })
        });
        json!({ "name": *policy.name, "version": policy.version(), "rules": rules.collect::<Vec<_>>() })
    });
    shown.collect()
}
