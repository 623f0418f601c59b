//! An `AdmissionReview` of the version 1: the question, and our answer.

use serde::Deserialize;
use serde_json::{Value, json};
use tenure_cluster::{Change, Freezes, Verdict};

#[derive(Debug, Deserialize)]
struct Review {
    request: Request,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Request {
    uid: String,
    operation: String,
    resource: Resource,
    name: String,
    namespace: String,
    user_info: User,
    object: Value,
    old_object: Value,
}

impl Default for Request {
    fn default() -> Self {
        let (uid, name, namespace) = (String::new(), String::new(), String::new());
        Self {
            uid,
            operation: String::new(),
            resource: Resource::default(),
            name,
            namespace,
            user_info: User::default(),
            object: Value::Null,
            old_object: Value::Null,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resource {
    group: String,
    resource: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User {
    username: String,
    groups: Vec<String>,
}

/// Answers a question; nothing where it is none.
pub(crate) async fn answer(freezes: &Freezes, question: &[u8]) -> Option<Value> {
    let Review { request } = serde_json::from_slice(question).ok()?;
    if request.uid.is_empty() {
        return None;
    }
    let of_namespace = request.resource.group.is_empty() && request.resource.resource == "namespaces";
    let change = Change {
        namespace: if of_namespace { &request.name } else { &request.namespace },
        name: &request.name,
        object: &request.object,
        before: &request.old_object,
        user: &request.user_info.username,
        groups: &request.user_info.groups,
        deletes: request.operation == "DELETE",
        of_namespace,
    };
    let verdict = freezes.judge_asking(&change).await;
    let mut response = json!({"uid": request.uid, "allowed": verdict == Verdict::Allowed});
    if let Verdict::Refused(message) = verdict {
        response["status"] = json!({"code": 403, "reason": "Forbidden", "message": message});
    }
    Some(json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_question_gets_no_answer() {
        let freezes = Freezes::new([1; 32]);
        for text in
            ["", "{}", "[]", "{\"request\": null}", "{\"request\": {}}", "{\"request\": {\"uid\": 7}}"]
        {
            assert_eq!(answer(&freezes, text.as_bytes()).await, None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_question_about_what_is_not_known_is_answered_with_a_refusal_of_the_same_uid() {
        let question =
            json!({"request": {"uid": "u-1", "namespace": "shop--web", "userInfo": {"username": "eve"}}});
        let said = answer(&Freezes::new([1; 32]), question.to_string().as_bytes()).await.unwrap();
        assert_eq!((&said["response"]["uid"], &said["response"]["allowed"]), (&json!("u-1"), &json!(false)));
        assert_eq!(said["response"]["status"]["code"], 403);
    }
}
