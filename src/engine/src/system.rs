//! The functions that need the session or the catalog, and the rows of system tables.
//!
//! Kernels know values only; what asks "who am I", "what is that object called", "what is there" is here, one function per
//! `prosrc` in one sorted table. Strictness has been seen to by the caller: a strict function gets no NULL.

mod activity;
mod address;
mod admin;
mod catalog_keys;
mod definition;
mod index;
mod locks;
mod names;
pub(crate) mod privilege;
mod relation;
mod session;
mod visible;
mod xml;

pub(crate) use activity::all_databases;
pub(crate) use names::{format_operator, format_procedure, role_named};

use tusklet_catalog::live::{Catalog, RelKind, Relation};
use tusklet_catalog::resolve::SearchPath;
use tusklet_catalog::system::{self as rows, Facts};
use tusklet_error::{Error, Result, filled};
use tusklet_exec::ExecCx;
use tusklet_ir::{CommandType, Expr, FromNode, Oid, Query, RteKind};
use tusklet_storage::RelId;
use tusklet_vector::{CallSite, Datum, RowSource, TypeRef, Value};

use crate::commands::object_address::qualified;
use crate::host::ValueRows;
use crate::session::Shared;

pub(crate) use names::{current_ts_config_oid, qualified_ts_config, split_qualified, ts_object_named};

/// What a function gets besides its arguments.
pub(crate) struct Env<'a, 'c> {
    /// The session.
    pub shared: &'a Shared,
    /// The running statement.
    pub cx: &'a mut ExecCx<'c>,
    /// Where it is called.
    pub site: &'a CallSite,
}

pub(crate) type Function = fn(&mut Env<'_, '_>, &[Datum<'_>]) -> Result<Value>;
pub(crate) type SetFunction = fn(&mut Env<'_, '_>, &[Datum<'_>], &[TypeRef]) -> Result<Vec<Vec<Value>>>;

/// By `prosrc`, sorted; a test keeps it so.
static FUNCTIONS: &[(&str, Function)] = &[
    ("PG_char_to_encoding", session::char_to_encoding),
    ("PG_encoding_to_char", session::encoding_to_char),
    ("aclcontains", privilege::aclcontains),
    ("acldefault_sql", privilege::acldefault),
    ("aclinsert", privilege::no_longer),
    ("aclitem_eq", privilege::aclitem_eq),
    ("aclitemin", privilege::aclitem_in),
    ("aclitemout", privilege::aclitem_out),
    ("aclremove", privilege::no_longer),
    ("amvalidate", admin::amvalidate),
    ("be_lo_import", admin::server_file),
    ("be_lo_import_with_oid", admin::server_file),
    ("brin_desummarize_range", index::desummarize),
    ("brin_summarize_new_values", index::summarize),
    ("brin_summarize_range", index::summarize),
    ("btequalimage", admin::yes),
    ("btvarstrequalimage", admin::yes),
    ("current_database", session::current_database),
    ("current_query", session::current_query),
    ("current_schema", session::current_schema),
    ("current_schemas", session::current_schemas),
    ("current_user", session::current_user),
    ("currval_oid", session::currval),
    ("cursor_to_xml", xml::map),
    ("cursor_to_xmlschema", xml::map),
    ("database_to_xml", xml::map),
    ("database_to_xml_and_xmlschema", xml::map),
    ("database_to_xmlschema", xml::map),
    ("format_type", names::format_type),
    ("get_current_ts_config", names::current_ts_config),
    ("getdatabaseencoding", session::database_encoding),
    ("gin_clean_pending_list", index::clean_pending_list),
    ("hash_aclitem", privilege::hash_aclitem),
    ("hash_aclitem_extended", privilege::hash_aclitem),
    ("inet_client_addr", session::null),
    ("inet_client_port", session::null),
    ("inet_server_addr", session::null),
    ("inet_server_port", session::null),
    ("lastval", session::lastval),
    ("makeaclitem", privilege::makeaclitem),
    ("mxid_age", admin::mxid_age),
    ("nextval_oid", session::nextval),
    ("oidvectortypes", admin::oidvectortypes),
    ("pg_advisory_lock_int4", locks::lock),
    ("pg_advisory_lock_int8", locks::lock),
    ("pg_advisory_lock_shared_int4", locks::lock_shared),
    ("pg_advisory_lock_shared_int8", locks::lock_shared),
    ("pg_advisory_unlock_all", locks::unlock_all),
    ("pg_advisory_unlock_int4", locks::unlock),
    ("pg_advisory_unlock_int8", locks::unlock),
    ("pg_advisory_unlock_shared_int4", locks::unlock_shared),
    ("pg_advisory_unlock_shared_int8", locks::unlock_shared),
    ("pg_advisory_xact_lock_int4", locks::xact_lock),
    ("pg_advisory_xact_lock_int8", locks::xact_lock),
    ("pg_advisory_xact_lock_shared_int4", locks::xact_lock_shared),
    ("pg_advisory_xact_lock_shared_int8", locks::xact_lock_shared),
    ("pg_backend_pid", session::backend_pid),
    ("pg_blocking_pids", locks::blocking_pids),
    ("pg_cancel_backend", activity::cancel_backend),
    ("pg_client_encoding", session::client_encoding),
    ("pg_collation_actual_version", session::null),
    ("pg_collation_for", names::collation_for),
    ("pg_collation_is_visible", visible::collation),
    ("pg_column_compression", session::null),
    ("pg_column_is_updatable", relation::column_is_updatable),
    ("pg_column_size", admin::column_size),
    ("pg_conf_load_time", admin::start_time),
    ("pg_conversion_is_visible", visible::conversion),
    ("pg_create_restore_point", admin::wal_lsn),
    ("pg_current_logfile", admin::current_logfile),
    ("pg_current_logfile_1arg", admin::current_logfile),
    ("pg_current_snapshot", admin::current_snapshot),
    ("pg_current_wal_flush_lsn", admin::wal_flush_lsn),
    ("pg_current_wal_insert_lsn", admin::wal_lsn),
    ("pg_current_wal_lsn", admin::wal_lsn),
    ("pg_current_xact_id", session::current_xact_id),
    ("pg_current_xact_id_if_assigned", session::current_xact_id_if_assigned),
    ("pg_database_collation_actual_version", session::null),
    ("pg_database_size_name", relation::database_size),
    ("pg_database_size_oid", relation::database_size),
    ("pg_describe_object", address::describe),
    ("pg_drop_replication_slot", admin::no_slot),
    ("pg_encoding_max_length_sql", session::encoding_max_length),
    ("pg_export_snapshot", admin::export_snapshot),
    ("pg_filenode_relation", relation::filenode_relation),
    ("pg_function_is_visible", visible::function),
    ("pg_get_constraintdef", definition::constraintdef),
    ("pg_get_constraintdef_ext", definition::constraintdef),
    ("pg_get_expr", definition::expr),
    ("pg_get_expr_ext", definition::expr),
    ("pg_get_function_arg_default", definition::function_arg_default),
    ("pg_get_function_arguments", definition::function_arguments),
    ("pg_get_function_identity_arguments", definition::function_identity_arguments),
    ("pg_get_function_result", definition::function_result),
    ("pg_get_function_sqlbody", definition::function_sqlbody),
    ("pg_get_functiondef", definition::functiondef),
    ("pg_get_indexdef", definition::indexdef),
    ("pg_get_indexdef_ext", definition::indexdef),
    ("pg_get_partition_constraintdef", session::null),
    ("pg_get_partkeydef", definition::partkeydef),
    ("pg_get_replica_identity_index", relation::replica_identity_index),
    ("pg_get_ruledef", definition::ruledef),
    ("pg_get_ruledef_ext", definition::ruledef),
    ("pg_get_serial_sequence", relation::serial_sequence),
    ("pg_get_statisticsobjdef", session::null),
    ("pg_get_statisticsobjdef_columns", session::null),
    ("pg_get_statisticsobjdef_expressions", session::null),
    ("pg_get_triggerdef", definition::triggerdef),
    ("pg_get_triggerdef_ext", definition::triggerdef),
    ("pg_get_userbyid", names::userbyid),
    ("pg_get_viewdef", definition::viewdef),
    ("pg_get_viewdef_ext", definition::viewdef),
    ("pg_get_viewdef_name", definition::viewdef_name),
    ("pg_get_viewdef_name_ext", definition::viewdef_name),
    ("pg_get_viewdef_wrap", definition::viewdef_wrap),
    ("pg_get_wal_replay_pause_state", admin::not_in_recovery),
    ("pg_has_role_id", privilege::has_role),
    ("pg_has_role_id_id", privilege::has_role),
    ("pg_has_role_id_name", privilege::has_role),
    ("pg_has_role_name", privilege::has_role),
    ("pg_has_role_name_id", privilege::has_role),
    ("pg_has_role_name_name", privilege::has_role),
    ("pg_import_system_collations", admin::zero),
    ("pg_index_column_has_property", index::column_has_property),
    ("pg_index_has_property", index::has_property),
    ("pg_indexam_has_property", index::method_has_property),
    ("pg_indexam_progress_phasename", index::phase_name),
    ("pg_indexes_size", relation::indexes_size),
    ("pg_is_in_recovery", session::no),
    ("pg_is_other_temp_schema", session::is_other_temp_schema),
    ("pg_is_wal_replay_paused", admin::not_in_recovery),
    ("pg_isolation_test_session_is_blocked", locks::session_is_blocked),
    ("pg_jit_available", session::no),
    ("pg_last_wal_receive_lsn", session::null),
    ("pg_last_wal_replay_lsn", session::null),
    ("pg_last_xact_replay_timestamp", session::null),
    ("pg_log_backend_memory_contexts", admin::not_a_server_process),
    ("pg_logical_emit_message_bytea", admin::wal_lsn),
    ("pg_logical_emit_message_text", admin::wal_lsn),
    ("pg_my_temp_schema", session::my_temp_schema),
    ("pg_notification_queue_usage", admin::zero),
    ("pg_notify", activity::notify),
    ("pg_opclass_is_visible", visible::opclass),
    ("pg_operator_is_visible", visible::operator),
    ("pg_opfamily_is_visible", visible::opfamily),
    ("pg_partition_root", relation::partition_root),
    ("pg_postmaster_start_time", admin::start_time),
    ("pg_promote", admin::not_in_recovery),
    ("pg_read_binary_file", admin::read_file),
    ("pg_read_binary_file_all", admin::read_file),
    ("pg_read_binary_file_off_len", admin::read_file),
    ("pg_read_file", admin::read_file),
    ("pg_read_file_all", admin::read_file),
    ("pg_read_file_off_len", admin::read_file),
    ("pg_read_file_v2", admin::read_file),
    ("pg_relation_filenode", relation::filenode),
    ("pg_relation_filepath", admin::relation_filepath),
    ("pg_relation_is_publishable", relation::is_publishable),
    ("pg_relation_is_updatable", relation::is_updatable),
    ("pg_relation_size", relation::size),
    ("pg_reload_conf", admin::yes),
    ("pg_replication_origin_advance", admin::no_origin),
    ("pg_replication_origin_drop", admin::no_origin),
    ("pg_replication_origin_oid", session::null),
    ("pg_replication_origin_progress", admin::no_origin),
    ("pg_replication_origin_session_is_setup", session::no),
    ("pg_replication_origin_session_progress", admin::no_origin),
    ("pg_replication_origin_session_reset", admin::no_origin),
    ("pg_replication_origin_session_setup", admin::no_origin),
    ("pg_replication_origin_xact_reset", admin::void),
    ("pg_replication_origin_xact_setup", admin::no_origin),
    ("pg_rotate_logfile", admin::rotate_logfile),
    ("pg_rotate_logfile_v2", admin::rotate_logfile),
    ("pg_safe_snapshot_blocking_pids", admin::no_pids),
    ("pg_sequence_last_value", relation::sequence_last_value),
    ("pg_settings_get_flags", admin::settings_get_flags),
    ("pg_sleep", session::sleep),
    ("pg_stat_clear_snapshot", admin::void),
    ("pg_stat_force_next_flush", admin::void),
    ("pg_stat_get_backend_pid", session::backend_pid),
    ("pg_stat_have_stats", admin::have_stats),
    ("pg_stat_reset", admin::void),
    ("pg_stat_reset_replication_slot", admin::reset_slot),
    ("pg_stat_reset_shared", admin::reset_shared),
    ("pg_stat_reset_single_function_counters", admin::void),
    ("pg_stat_reset_single_table_counters", admin::void),
    ("pg_stat_reset_slru", admin::void),
    ("pg_stat_reset_subscription_stats", admin::void),
    ("pg_statistics_obj_is_visible", session::null),
    ("pg_switch_wal", admin::wal_lsn),
    ("pg_table_is_visible", visible::table),
    ("pg_table_size", relation::table_size),
    ("pg_tablespace_location", relation::tablespace_location),
    ("pg_tablespace_size_name", admin::tablespace_size),
    ("pg_tablespace_size_oid", admin::tablespace_size),
    ("pg_terminate_backend", activity::cancel_backend),
    ("pg_total_relation_size", relation::total_size),
    ("pg_trigger_depth", session::trigger_depth),
    ("pg_try_advisory_lock_int4", locks::try_lock),
    ("pg_try_advisory_lock_int8", locks::try_lock),
    ("pg_try_advisory_lock_shared_int4", locks::try_lock_shared),
    ("pg_try_advisory_lock_shared_int8", locks::try_lock_shared),
    ("pg_try_advisory_xact_lock_int4", locks::try_xact_lock),
    ("pg_try_advisory_xact_lock_int8", locks::try_xact_lock),
    ("pg_try_advisory_xact_lock_shared_int4", locks::try_xact_lock_shared),
    ("pg_try_advisory_xact_lock_shared_int8", locks::try_xact_lock_shared),
    ("pg_ts_config_is_visible", visible::ts_config),
    ("pg_ts_dict_is_visible", visible::ts_dict),
    ("pg_ts_parser_is_visible", visible::ts_parser),
    ("pg_ts_template_is_visible", visible::ts_template),
    ("pg_type_is_visible", visible::ty),
    ("pg_typeof", names::typeof_),
    ("pg_wal_replay_pause", admin::not_in_recovery),
    ("pg_wal_replay_resume", admin::not_in_recovery),
    ("pg_walfile_name", admin::walfile_name),
    ("pg_xact_commit_timestamp", admin::commit_timestamp),
    ("pg_xact_status", admin::xact_status),
    ("pgsql_version", session::version),
    ("query_to_xml", xml::map),
    ("query_to_xml_and_xmlschema", xml::map),
    ("query_to_xmlschema", xml::map),
    ("regclassin", names::regclass_in),
    ("regclassout", names::regclass_out),
    ("regcollationin", names::regcollation_in),
    ("regcollationout", names::regcollation_out),
    ("regconfigin", names::regconfig_in),
    ("regconfigout", names::regconfig_out),
    ("regdictionaryin", names::regdictionary_in),
    ("regdictionaryout", names::regdictionary_out),
    ("regnamespacein", names::regnamespace_in),
    ("regnamespaceout", names::regnamespace_out),
    ("regoperatorin", names::regoperator_in),
    ("regoperatorout", names::regoperator_out),
    ("regoperin", names::regoper_in),
    ("regoperout", names::regoper_out),
    ("regprocedurein", names::regprocedure_in),
    ("regprocedureout", names::regprocedure_out),
    ("regprocin", names::regproc_in),
    ("regprocout", names::regproc_out),
    ("regrolein", names::regrole_in),
    ("regroleout", names::regrole_out),
    ("regtypein", names::regtype_in),
    ("regtypeout", names::regtype_out),
    ("row_security_active", relation::row_security_active),
    ("row_security_active_name", relation::row_security_active_name),
    ("schema_to_xml", xml::map),
    ("schema_to_xml_and_xmlschema", xml::map),
    ("schema_to_xmlschema", xml::map),
    ("session_user", session::session_user),
    ("set_config_by_name", session::set_config),
    ("setval3_oid", session::setval),
    ("setval_oid", session::setval),
    ("show_config_by_name", session::current_setting),
    ("show_config_by_name_missing_ok", session::current_setting),
    ("table_to_xml", xml::map),
    ("table_to_xml_and_xmlschema", xml::map),
    ("table_to_xmlschema", xml::map),
    ("text_regclass", names::text_regclass),
    ("to_regclass", names::to_regclass),
    ("to_regcollation", names::to_regcollation),
    ("to_regnamespace", names::to_regnamespace),
    ("to_regoper", names::to_regoper),
    ("to_regoperator", names::to_regoperator),
    ("to_regproc", names::to_regproc),
    ("to_regprocedure", names::to_regprocedure),
    ("to_regrole", names::to_regrole),
    ("to_regtype", names::to_regtype),
    ("tsquery_rewrite_query", crate::text_search::rewrite),
    ("xid_age", admin::xid_age),
];

static SETS: &[(&str, SetFunction)] = &[
    ("aclexplode", privilege::aclexplode),
    ("pg_available_extension_versions", activity::no_rows),
    ("pg_available_extensions", activity::available_extensions),
    ("pg_config", activity::no_rows),
    ("pg_copy_logical_replication_slot_a", admin::no_logical),
    ("pg_copy_logical_replication_slot_b", admin::no_logical),
    ("pg_copy_logical_replication_slot_c", admin::no_logical),
    ("pg_copy_physical_replication_slot_a", admin::no_slots),
    ("pg_copy_physical_replication_slot_b", admin::no_slots),
    ("pg_create_logical_replication_slot", admin::no_logical),
    ("pg_cursor", activity::cursors),
    ("pg_extension_update_paths", activity::no_rows),
    ("pg_get_catalog_foreign_keys", catalog_keys::rows),
    ("pg_get_keywords", activity::keywords),
    ("pg_get_multixact_members", admin::multixact_members),
    ("pg_get_object_address", address::get),
    ("pg_get_publication_tables", activity::no_rows),
    ("pg_get_replication_slots", activity::no_rows),
    ("pg_get_shmem_allocations", activity::no_rows),
    ("pg_hba_file_rules", activity::no_rows),
    ("pg_ident_file_mappings", activity::no_rows),
    ("pg_identify_object", address::identify),
    ("pg_identify_object_as_address", address::identify_as_address),
    ("pg_last_committed_xact", admin::commit_timestamps),
    ("pg_listening_channels", activity::listening_channels),
    ("pg_lock_status", activity::lock_status),
    ("pg_logical_slot_get_binary_changes", admin::no_logical),
    ("pg_logical_slot_get_changes", admin::no_logical),
    ("pg_logical_slot_peek_binary_changes", admin::no_logical),
    ("pg_logical_slot_peek_changes", admin::no_logical),
    ("pg_ls_archive_statusdir", activity::no_rows),
    ("pg_ls_dir", admin::ls_dir),
    ("pg_ls_dir_1arg", admin::ls_dir),
    ("pg_ls_logdir", admin::ls_dir),
    ("pg_ls_logicalmapdir", activity::no_rows),
    ("pg_ls_logicalsnapdir", activity::no_rows),
    ("pg_ls_replslotdir", admin::no_slots),
    ("pg_ls_tmpdir_1arg", activity::no_rows),
    ("pg_ls_tmpdir_noargs", activity::no_rows),
    ("pg_ls_waldir", activity::no_rows),
    ("pg_options_to_table", relation::options_to_table),
    ("pg_partition_ancestors", relation::partition_ancestors),
    ("pg_partition_tree", relation::partition_tree),
    ("pg_prepared_statement", activity::prepared_statements),
    ("pg_prepared_xact", activity::no_rows),
    ("pg_replication_slot_advance", admin::no_slots),
    ("pg_sequence_parameters", relation::sequence_parameters),
    ("pg_show_replication_origin_status", activity::no_rows),
    ("pg_stat_file", admin::stat_file),
    ("pg_stat_file_1arg", admin::stat_file),
    ("pg_stat_get_activity", activity::activity),
    ("pg_stat_get_backend_idset", activity::backend_ids),
    ("pg_stat_get_progress_info", activity::no_rows),
    ("pg_stat_get_subscription", activity::no_rows),
    ("pg_stat_get_wal_senders", activity::no_rows),
    ("pg_tablespace_databases", activity::tablespace_databases),
    ("pg_timezone_abbrevs", activity::timezone_abbrevs),
    ("pg_timezone_names", activity::timezone_names),
    ("pg_walfile_name_offset", admin::walfile_name_offset),
    ("pg_xact_commit_timestamp_origin", admin::commit_timestamps),
    ("show_all_file_settings", activity::no_rows),
    ("show_all_settings", activity::settings),
    ("ts_stat1", crate::text_search::stat),
    ("ts_stat2", crate::text_search::stat),
];

fn find<T: Copy>(list: &[(&str, T)], name: &str) -> Option<T> {
    list.binary_search_by(|(n, _)| (*n).cmp(name)).ok().map(|i| list[i].1)
}

/// Whether the session itself answers a function, by `prosrc`.
pub fn implements(prosrc: &str) -> bool {
    find(FUNCTIONS, prosrc).is_some()
        || find(SETS, prosrc).is_some()
        || privilege::is_has_privilege(prosrc)
        || prosrc.starts_with("pg_stat_get_")
        || prosrc.starts_with("be_lo")
        || admin::refusal(prosrc).is_some()
}

/// Calls a function of the session; `None` when `prosrc` is not one.
pub fn call(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    prosrc: &str,
    site: &CallSite,
    args: &[Datum<'_>],
) -> Option<Result<Value>> {
    let mut env = Env { shared, cx, site };
    if let Some(f) = find(FUNCTIONS, prosrc) {
        return Some(f(&mut env, args));
    }
    if let Some(r) = privilege::has_privilege(&mut env, prosrc, args) {
        return Some(r);
    }
    if let Some(r) = crate::large_object::call(&mut env, prosrc, args) {
        return Some(r);
    }
    if let Some(f) = find(SETS, prosrc) {
        return one_row(&mut env, f, args);
    }
    if let Some(e) = admin::refusal(prosrc) {
        return Some(Err(e));
    }
    // The counters of the statistics collector: nothing is counted.
    activity::statistic(&mut env, prosrc)
}

/// A function of one row of several columns, called where one value is wanted.
fn one_row(env: &mut Env<'_, '_>, f: SetFunction, args: &[Datum<'_>]) -> Option<Result<Value>> {
    let p = env.cx.catalog.proc(env.site.func)?;
    if p.retset {
        return None;
    }
    let mut types = vec![];
    for (ty, mode) in p.all_args.iter().zip(&p.modes) {
        if matches!(mode, b'o' | b'b' | b't') {
            types.push(TypeRef::new(*ty));
        }
    }
    Some(f(env, args, &types).map(|rows| match rows.first() {
        Some(row) => {
            let stored: Vec<Option<Vec<u8>>> = row
                .iter()
                .map(|v| {
                    let mut b = vec![];
                    v.as_datum().store(&mut b);
                    (!v.is_null()).then_some(b)
                })
                .collect();
            let fields: Vec<_> = types.iter().zip(&stored).map(|(t, b)| (t.oid, b.as_deref())).collect();
            Value::bytes(&tusklet_adt::record::encode(&fields))
        }
        None => Value::Null,
    }))
}

/// Calls a set-returning one.
pub fn call_set(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    prosrc: &str,
    site: &CallSite,
    args: &[Datum<'_>],
    columns: &[TypeRef],
) -> Option<Result<Box<dyn RowSource>>> {
    let mut env = Env { shared, cx, site };
    if let Some(f) = find(SETS, prosrc) {
        return Some(f(&mut env, args, columns).map(ValueRows::boxed));
    }
    let value = call(shared, env.cx, prosrc, site, args)?;
    Some(value.map(|v| ValueRows::boxed(vec![vec![v]])))
}

struct Deparser<'a, 'c> {
    shared: &'a Shared,
    cx: &'a mut ExecCx<'c>,
}

impl Facts for Deparser<'_, '_> {
    fn deparse(&mut self, e: &Expr) -> Result<String> {
        crate::ruleutils::expression(self.shared, self.cx, e, None, false)
    }
}

/// The rows of a system table, of `pg_database`, or of a sequence.
pub fn catalog_rows(shared: &Shared, cx: &mut ExecCx<'_>, rel: Oid, columns: &[i16]) -> Result<Box<dyn RowSource>> {
    if rel == tusklet_catalog::builtin::oids::RELATION_PG_DATABASE {
        return Ok(ValueRows::boxed(activity::databases(shared, columns)?));
    }
    if rel == tusklet_catalog::builtin::oids::RELATION_PG_STATISTIC {
        return Ok(ValueRows::boxed(crate::commands::analyze::rows(shared, columns)));
    }
    let catalog = cx.catalog.clone();
    if let Some(r) = rows::rows(&catalog, &mut Deparser { shared, cx }, rel, columns) {
        return r;
    }
    if let Some(r) = catalog.user_relation(rel).filter(|r| r.kind == RelKind::Sequence) {
        let state = shared.db.store.sequence_state(RelId(r.storage))?;
        let row = columns
            .iter()
            .map(|a| match a {
                1 => Value::I64(state.last),
                2 => Value::I64(state.log_count as i64),
                3 => Value::Bool(state.called),
                -6 => Value::I64(rel as i64),
                -1 => Value::I64(1),
                _ => Value::I64(0),
            })
            .collect();
        return Ok(ValueRows::boxed(vec![row]));
    }
    let name = catalog.relation(rel).map_or_else(|| rel.to_string(), |r| r.name.clone());
    Err(Error::unsupported(filled!("relation {} without rows of its own"; name)))
}

/// The text of an index column that is an expression, for messages about its keys.
pub fn index_expression(shared: &Shared, index: &Relation, column: usize) -> Result<String> {
    let mut cx = shared.exec_cx(shared.snapshot()?)?;
    let text = crate::ruleutils::index_def(shared, &mut cx, index.oid, column as i32 + 1, true)?;
    Ok(text.unwrap_or_default())
}

/// A function's name, qualified when the path does not hold its schema.
pub(crate) fn function_name(c: &Catalog, path: &SearchPath, func: Oid) -> String {
    let Some(p) = c.proc(func) else { return func.to_string() };
    qualified(c, path.schemas.contains(&p.schema) && p.schema != path.temp, p.schema, &p.name)
}

/// The one relation an automatically updatable view shows (`view_query_is_auto_updatable`).
pub(crate) fn simple_view_base(q: &Query) -> Option<Oid> {
    let plain = q.command == CommandType::Select
        && q.distinct.is_none()
        && q.group_by.is_empty()
        && q.grouping_sets.is_empty()
        && q.having.is_none()
        && q.set_op.is_none()
        && q.ctes.is_empty()
        && q.limit.is_none()
        && q.offset.is_none()
        && !q.has_aggs
        && !q.has_windows
        && !q.has_srfs;
    let [FromNode::Ref(r)] = q.from.as_slice() else { return None };
    match q.rtable.get(*r as usize).map(|r| &r.kind) {
        Some(RteKind::Relation { oid, sample: None }) if plain => Some(*oid),
        Some(RteKind::Subquery { view, .. }) if plain && *view != 0 => Some(*view),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn tables_are_sorted() {
        assert!(super::FUNCTIONS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(super::SETS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
