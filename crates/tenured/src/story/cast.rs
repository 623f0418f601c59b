//! Who is in the story.

use tenure_wire::request::IssueToken;

use super::Story;

/// The provider's people and their roles.
pub const PEOPLE: [(&str, &[&str]); 8] = [
    ("mara", &["administrator"]),
    ("pavel", &["platform"]),
    ("hotline", &["reporter"]),
    ("ines", &["analyst"]),
    ("amara", &["approver"]),
    ("bruno", &["approver"]),
    ("lena", &["legal"]),
    ("theo", &["auditor"]),
];

impl Story<'_> {
    /// Gives the provider's people their roles and tokens.
    pub(super) async fn cast_people(&mut self) -> anyhow::Result<()> {
        for (person, roles) in PEOPLE {
            self.administrator.set_person(person, roles).await?;
            self.give_token(&format!("person/{person}"), person).await?;
        }
        Ok(())
    }

    /// Makes someone an account's owner.
    pub(super) async fn cast_owner(&mut self, account: &str, owner: &str) -> anyhow::Result<()> {
        self.administrator.set_member(account, owner, &["owner"]).await?;
        self.give_token(&format!("member/{account}/{owner}"), owner).await
    }

    async fn give_token(&mut self, subject: &str, name: &str) -> anyhow::Result<()> {
        let key = self.key();
        let issued = self.administrator.issue_token(&key, &IssueToken { subject: subject.parse()? }).await?;
        self.clients.insert(name.to_owned(), self.administrator.speaking_with(&issued.token));
        self.tokens.insert(subject.to_owned(), issued.token);
        Ok(())
    }
}
