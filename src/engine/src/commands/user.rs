//! Roles (`user.c`).

use tusklet_catalog::builtin;
use tusklet_catalog::live::{ObjectAddress, ObjectClass, Role};
use tusklet_error::{Error, Result, SortShort, SqlState, bail, err, filled, match_word};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{
    AlterRoleSetStmt, AlterRoleStmt, CreateRoleStmt, DefArg, DefElem, DropOwnedStmt, DropRoleStmt, GrantRoleStmt,
    ReassignOwnedStmt, RoleSpec, RoleSpecKind, RoleStmtType,
};

use super::define::once;
use super::{acl, dbcommands, dependency, heap, option_text};
use crate::{large_object, missing};
use crate::database::BOOTSTRAP_ROLE;
use crate::session::Shared;

/// A role by name, PostgreSQL's own included.
pub fn role_named(shared: &Shared, name: &str) -> Option<Oid> {
    crate::system::role_named(&shared.catalog(), name)
}

/// Refuses who may not change a role: a superuser's is for superusers.
pub fn check_role_changer(shared: &Shared, role: Oid) -> Result<()> {
    if role == BOOTSTRAP_ROLE || shared.catalog().user_role(role).is_some_and(|r| r.superuser) {
        if !acl::is_superuser(shared) {
            bail!(INSUFFICIENT_PRIVILEGE, "must be superuser");
        }
    } else if !may_create_role(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "must have CREATEROLE privilege");
    }
    Ok(())
}

/// The role meant (`get_rolespec_oid`).
pub fn role(shared: &Shared, r: &RoleSpec) -> Result<Oid> {
    Ok(match &r.kind {
        RoleSpecKind::Name(n) => {
            role_named(shared, n).ok_or_else(|| missing::role(n))?
        }
        RoleSpecKind::CurrentRole | RoleSpecKind::CurrentUser => shared.user(),
        RoleSpecKind::SessionUser => shared.session_user.borrow().0,
        RoleSpecKind::Public => return Err(missing::role("public")),
    })
}

/// A role's name.
pub fn role_name(shared: &Shared, oid: Oid) -> String {
    match shared.catalog().user_role(oid) {
        Some(r) => r.name.clone(),
        None => builtin::role(oid).map(|r| r.name().to_string()).unwrap_or_else(|| oid.to_string()),
    }
}

fn may_create_role(shared: &Shared) -> bool {
    shared.catalog().user_role(shared.user()).is_none_or(|r| r.superuser || r.create_role)
}

fn apply(shared: &Shared, r: &mut Role, options: &[DefElem], create: bool) -> Result<Vec<(bool, Vec<RoleSpec>, bool)>> {
    let mut members = vec![];
    for o in options {
        once(options, o)?;
        let on = || matches!(o.arg, None | Some(DefArg::Boolean(true)));
        match_word!(o.name.as_str();
            "superuser" => r.superuser = on(),
            "inherit" => r.inherit = on(),
            "createrole" => r.create_role = on(),
            "createdb" => r.create_db = on(),
            "canlogin" => r.login = on(),
            "isreplication" => r.replication = on(),
            "bypassrls" => r.bypass_rls = on(),
            "connectionlimit" => {
                let n = super::option_number(o)?;
                if n < -1 {
                    bail!(INVALID_PARAMETER_VALUE, "invalid connection limit: {n}");
                }
                r.connection_limit = n as i32;
            },
            "password" => r.password = if o.arg.is_some() { Some(option_text(o)?) } else { None },
            "validUntil" | "validuntil" => r.valid_until = Some(option_text(o)?),
            "sysid" => shared.notify_user("SYSID can no longer be specified"),
            "addroleto" | "rolemembers" | "adminmembers" => {
                let list = match &o.arg {
                    Some(DefArg::Roles(l)) => l.clone(),
                    Some(DefArg::Role(r)) => vec![r.clone()],
                    _ => vec![],
                };
                members.push((o.name == "addroleto", list, o.name == "adminmembers"));
            };
            n => {
                let _ = create;
                return Err(err!(SYNTAX_ERROR, "unrecognized role option \"{}\""; n).at(o.span));
            },
        )
    }
    Ok(members)
}

/// CREATE ROLE, USER, GROUP.
pub fn create_role(shared: &Shared, s: &CreateRoleStmt) -> Result<()> {
    let CreateRoleStmt { stmt_type, role: name, options, span: _ } = s;
    if !may_create_role(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to create role");
    }
    if name.starts_with("pg_") {
        return Err(err!(RESERVED_NAME, "role name \"{}\" is reserved"; name)
            .detail("Role names starting with \"pg_\" are reserved."));
    }
    let mut r = Role {
        oid: shared.db.new_oid(),
        name: name.clone(),
        superuser: false,
        inherit: true,
        create_role: false,
        create_db: false,
        login: *stmt_type == RoleStmtType::User,
        replication: false,
        bypass_rls: false,
        connection_limit: -1,
        password: None,
        member_of: vec![],
        config: vec![],
        valid_until: None,
    };
    let members = apply(shared, &mut r, options, true)?;
    if r.superuser && !acl::is_superuser(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create superusers");
    }
    if role_named(shared, name).is_some() {
        bail!(DUPLICATE_OBJECT, "role \"{}\" already exists"; name);
    }
    let oid = r.oid;
    store(shared, r)?;
    for (to, list, admin) in members {
        for m in list {
            let other = role(shared, &m)?;
            if to {
                add_member(shared, other, oid, false)?;
            } else {
                add_member(shared, oid, other, admin)?;
            }
        }
    }
    Ok(())
}

/// A role's entry to change and [`store`]; `doing` is what cannot be done to PostgreSQL's own.
fn to_change(shared: &Shared, oid: Oid, doing: &str) -> Result<Role> {
    match shared.catalog().user_role(oid) {
        Some(r) => Ok((**r).clone()),
        None => Err(Error::unsupported(filled!("{} a predefined role"; doing))),
    }
}

fn store(shared: &Shared, r: Role) -> Result<()> {
    shared.edit_catalog(|c| c.put_role(r))
}

/// Changes a role's entry; `doing` is what cannot be done to PostgreSQL's own.
pub fn change(shared: &Shared, oid: Oid, doing: &str, f: &mut dyn FnMut(&mut Role)) -> Result<()> {
    let mut r = to_change(shared, oid, doing)?;
    f(&mut r);
    store(shared, r)
}

/// ALTER ROLE.
pub fn alter_role(shared: &Shared, s: &AlterRoleStmt) -> Result<()> {
    let AlterRoleStmt { role: spec, options, add, span: _ } = s;
    let oid = role(shared, spec)?;
    let mut r = to_change(shared, oid, "changing")?;
    let own_password = oid == shared.user() && options.iter().all(|o| o.name == "password");
    let superuser = r.superuser || options.iter().any(|o| o.name == "superuser");
    if superuser && !acl::is_superuser(shared) && !own_password {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to alter superuser roles or change superuser attribute");
    }
    if !may_create_role(shared) && !own_password {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied");
    }
    let members = apply(shared, &mut r, options, false)?;
    store(shared, r)?;
    for (_, list, admin) in members {
        for m in list {
            let other = role(shared, &m)?;
            if *add {
                add_member(shared, oid, other, admin)?;
            } else {
                remove_member(shared, oid, other, false)?;
            }
        }
    }
    Ok(())
}

/// ALTER ROLE … SET.
pub fn alter_role_set(shared: &Shared, s: &AlterRoleSetStmt) -> Result<()> {
    let AlterRoleSetStmt { role: spec, database, setstmt, span: _ } = s;
    if database.is_some() {
        return Err(Error::unsupported("ALTER ROLE … IN DATABASE"));
    }
    let Some(spec) = spec else { return Err(Error::unsupported("ALTER ROLE ALL SET")) };
    let oid = role(shared, spec)?;
    if oid != shared.user() && !may_create_role(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied");
    }
    let (name, value) = dbcommands::setting(&setstmt.kind)?;
    change(shared, oid, "changing", &mut |r| match &name {
        None => r.config.clear(),
        Some(n) => {
            r.config.retain(|(k, _)| k != n);
            r.config.extend(value.clone().map(|v| (n.clone(), v)));
        }
    })
}

fn add_member(shared: &Shared, of: Oid, member: Oid, admin: bool) -> Result<()> {
    if of == member || is_member_of(shared, of, member) {
        bail!(
            INVALID_GRANT_OPERATION,
            "role \"{}\" is a member of role \"{}\"";
            role_name(shared, of),
            role_name(shared, member)
        );
    }
    let grantor = shared.user();
    let already = shared.catalog().user_role(member).is_some_and(|r| {
        r.member_of.iter().any(|(o, _, a)| *o == of && (*a || !admin))
    });
    if already {
        shared.notify_user(filled!(
            "role \"{}\" is already a member of role \"{}\""; role_name(shared, member), role_name(shared, of)
        ));
        return Ok(());
    }
    change(shared, member, "changing", &mut |r| {
        r.member_of.retain(|(o, _, _)| *o != of);
        r.member_of.push((of, grantor, admin));
    })
}

fn is_member_of(shared: &Shared, member: Oid, of: Oid) -> bool {
    let c = shared.catalog();
    let mut todo = vec![member];
    let mut seen = vec![];
    while let Some(r) = todo.pop() {
        if r == of {
            return true;
        }
        if !seen.contains(&r) {
            seen.push(r);
            todo.extend(c.user_role(r).iter().flat_map(|r| r.member_of.iter().map(|m| m.0)));
        }
    }
    false
}

fn remove_member(shared: &Shared, of: Oid, member: Oid, admin_only: bool) -> Result<()> {
    let there = shared.catalog().user_role(member).is_some_and(|r| r.member_of.iter().any(|(o, _, _)| *o == of));
    if !there {
        shared.warn(
            SqlState::WARNING,
            filled!("role \"{}\" is not a member of role \"{}\""; role_name(shared, member), role_name(shared, of)),
        );
        return Ok(());
    }
    change(shared, member, "changing", &mut |r| {
        if admin_only {
            r.member_of.iter_mut().filter(|(o, _, _)| *o == of).for_each(|m| m.2 = false);
        } else {
            r.member_of.retain(|(o, _, _)| *o != of);
        }
    })
}

/// GRANT role TO role.
pub fn grant_role(shared: &Shared, s: &GrantRoleStmt) -> Result<()> {
    let GrantRoleStmt { is_grant, granted_roles, grantee_roles, admin_opt, grantor, behavior: _, span: _ } = s;
    if let Some(g) = grantor {
        role(shared, g)?;
    }
    for g in granted_roles {
        let Some(name) = &g.priv_name else { continue };
        if !g.cols.is_empty() {
            bail!(INVALID_GRANT_OPERATION, "column names cannot be included in GRANT/REVOKE ROLE");
        }
        let of = role_named(shared, name).ok_or_else(|| missing::role(name))?;
        let admin = shared.catalog().user_role(shared.user()).is_none_or(|r| {
            r.superuser || r.create_role || r.member_of.iter().any(|(o, _, a)| *o == of && *a)
        });
        if !admin {
            bail!(INSUFFICIENT_PRIVILEGE, "must have admin option on role \"{}\""; name);
        }
        for m in grantee_roles {
            let member = role(shared, m)?;
            if *is_grant {
                add_member(shared, of, member, *admin_opt)?;
            } else {
                remove_member(shared, of, member, *admin_opt)?;
            }
        }
    }
    Ok(())
}

/// Everything a role owns.
fn owned(shared: &Shared, role: Oid) -> Result<Vec<ObjectAddress>> {
    let c = shared.catalog();
    let mut out: Vec<ObjectAddress> = vec![];
    out.extend(c.user_schemas().filter(|s| s.owner == role).map(|s| ObjectAddress::new(ObjectClass::Schema, s.oid)));
    out.extend(
        c.user_relations()
            .filter(|r| r.owner == role && r.index.is_none())
            .map(|r| ObjectAddress::new(ObjectClass::Relation, r.oid)),
    );
    out.extend(
        c.user_types()
            .filter(|t| t.owner == role && c.depends_on(ObjectAddress::new(ObjectClass::Type, t.oid)).iter().all(|d| {
                d.kind != tusklet_catalog::live::DependencyKind::Internal
            }))
            .map(|t| ObjectAddress::new(ObjectClass::Type, t.oid)),
    );
    out.extend(super::tsearchcmds::owned_by(&c, role));
    out.extend(c.user_procs().filter(|p| p.owner == role).map(|p| ObjectAddress::new(ObjectClass::Proc, p.oid)));
    out.extend(large_object::addresses(shared, &|owner, _| owner == role)?);
    out.order();
    Ok(out)
}

/// DROP ROLE.
pub fn drop_role(shared: &Shared, s: &DropRoleStmt) -> Result<()> {
    let DropRoleStmt { roles, missing_ok, span: _ } = s;
    if !may_create_role(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to drop role");
    }
    for r in roles {
        let RoleSpecKind::Name(name) = &r.kind else {
            bail!(INVALID_PARAMETER_VALUE, "cannot use special role specifier in DROP ROLE");
        };
        let Some(oid) = role_named(shared, name) else {
            missing::unless(*missing_ok, shared, missing::role(name))?;
            continue;
        };
        if oid == shared.user() {
            bail!(OBJECT_IN_USE, "current user cannot be dropped");
        }
        if oid == shared.session_user.borrow().0 {
            bail!(OBJECT_IN_USE, "session user cannot be dropped");
        }
        if oid == BOOTSTRAP_ROLE || builtin::role(oid).is_some() {
            bail!(
                DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop role {} because it is required by the database system"; name
            );
        }
        let c = shared.catalog();
        if c.user_role(oid).is_some_and(|r| r.superuser) && !acl::is_superuser(shared) {
            bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to drop superusers");
        }
        let path = shared.search_path();
        let shown = |a: &ObjectAddress| super::object_identity::describe(&c, &path, *a);
        let mut found: Vec<(ObjectAddress, String)> =
            owned(shared, oid)?.into_iter().map(|a| (a, filled!("owner of {}"; shown(&a)))).collect();
        found.extend(acl::granted_to(shared, oid)?.into_iter().map(|a| (a, filled!("privileges for {}"; shown(&a)))));
        found.order_by_key(|(a, _)| a.oid);
        let lines: Vec<String> = found.into_iter().map(|(_, l)| l).collect();
        if !lines.is_empty() {
            return Err(err!(
                DEPENDENT_OBJECTS_STILL_EXIST, "role \"{}\" cannot be dropped because some objects depend on it"; name
            )
            .detail(lines.join("\n")));
        }
        let members: Vec<Oid> =
            c.user_roles().filter(|r| r.member_of.iter().any(|(o, _, _)| *o == oid)).map(|r| r.oid).collect();
        for m in members {
            change(shared, m, "changing", &mut |r| r.member_of.retain(|(o, _, _)| *o != oid))?;
        }
        shared.edit_catalog(|c| c.remove_role(oid))?;
    }
    Ok(())
}

/// REASSIGN OWNED.
pub fn reassign_owned(shared: &Shared, s: &ReassignOwnedStmt) -> Result<()> {
    let ReassignOwnedStmt { roles, newrole, span: _ } = s;
    let to = role(shared, newrole)?;
    for r in roles {
        let from = role(shared, r)?;
        for a in owned(shared, from)?.into_iter().filter(|a| !heap::is_pinned(*a)) {
            super::alter::change_owner(shared, a, to)?;
        }
    }
    Ok(())
}

/// DROP OWNED.
pub fn drop_owned(shared: &Shared, s: &DropOwnedStmt) -> Result<()> {
    let DropOwnedStmt { roles, behavior, span: _ } = s;
    for r in roles {
        let oid = role(shared, r)?;
        if oid == BOOTSTRAP_ROLE {
            let name = role_name(shared, oid);
            bail!(
                DEPENDENT_OBJECTS_STILL_EXIST,
                "cannot drop objects owned by role {} because they are required by the database system";
                name
            );
        }
        acl::revoke_everything(shared, oid)?;
        let mine: Vec<ObjectAddress> = owned(shared, oid)?.into_iter().filter(|a| !heap::is_pinned(*a)).collect();
        dependency::delete(shared, &mine, *behavior)?;
    }
    Ok(())
}
