//! Schemas, languages, roles, tablespaces, extensions.

use super::{by_key, view};

view! {
    /// A row of `pg_namespace`.
    Namespace of pg_namespace {
        /// `oid`.
        oid: oid = OID;
        /// `nspname`.
        name: text = NSPNAME;
        /// `nspacl` as text.
        acl: opt_text = NSPACL;
    }
}

view! {
    /// A row of `pg_language`.
    Language of pg_language {
        /// `oid`.
        oid: oid = OID;
        /// `lanname`.
        name: text = LANNAME;
        /// `lanispl`.
        is_pl: bool = LANISPL;
        /// `lanpltrusted`.
        trusted: bool = LANPLTRUSTED;
        /// `lanplcallfoid`.
        handler: oid = LANPLCALLFOID;
        /// `laninline`.
        inline: oid = LANINLINE;
        /// `lanvalidator`.
        validator: oid = LANVALIDATOR;
        /// `lanacl` as text.
        acl: opt_text = LANACL;
    }
}

view! {
    /// A row of `pg_authid`: the bootstrap superuser and the predefined roles.
    Role of pg_authid {
        /// `oid`.
        oid: oid = OID;
        /// `rolname`.
        name: text = ROLNAME;
        /// `rolsuper`.
        superuser: bool = ROLSUPER;
        /// `rolinherit`.
        inherit: bool = ROLINHERIT;
        /// `rolcreaterole`.
        create_role: bool = ROLCREATEROLE;
        /// `rolcreatedb`.
        create_db: bool = ROLCREATEDB;
        /// `rolcanlogin`.
        can_login: bool = ROLCANLOGIN;
        /// `rolreplication`.
        replication: bool = ROLREPLICATION;
        /// `rolbypassrls`.
        bypass_rls: bool = ROLBYPASSRLS;
        /// `rolconnlimit`.
        connection_limit: int = ROLCONNLIMIT;
    }
}

view! {
    /// A row of `pg_auth_members`.
    RoleMember of pg_auth_members {
        /// `roleid`.
        role: oid = ROLEID;
        /// `member`.
        member: oid = MEMBER;
        /// `grantor`.
        grantor: oid = GRANTOR;
        /// `admin_option`.
        admin_option: bool = ADMIN_OPTION;
    }
}

view! {
    /// A row of `pg_tablespace`.
    Tablespace of pg_tablespace {
        /// `oid`.
        oid: oid = OID;
        /// `spcname`.
        name: text = SPCNAME;
    }
}

view! {
    /// A row of `pg_extension`.
    Extension of pg_extension {
        /// `oid`.
        oid: oid = OID;
        /// `extname`.
        name: text = EXTNAME;
        /// `extnamespace`.
        namespace: oid = EXTNAMESPACE;
        /// `extrelocatable`.
        relocatable: bool = EXTRELOCATABLE;
        /// `extversion`.
        version: text = EXTVERSION;
    }
}

/// A schema by OID.
pub fn namespace(oid: u32) -> Option<Namespace> {
    by_key!(pg_namespace, OID, oid).map(Namespace)
}

/// A schema by name.
pub fn namespace_by_name(name: &str) -> Option<Namespace> {
    Namespace::all().find(|n| n.name() == name)
}

/// A language by OID.
pub fn language(oid: u32) -> Option<Language> {
    by_key!(pg_language, OID, oid).map(Language)
}

/// A language by name.
pub fn language_by_name(name: &str) -> Option<Language> {
    Language::all().find(|l| l.name() == name)
}

/// A predefined role by OID.
pub fn role(oid: u32) -> Option<Role> {
    by_key!(pg_authid, OID, oid).map(Role)
}
