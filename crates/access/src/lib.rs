//! Principals, roles and Cedar policies: may this principal do this?.
