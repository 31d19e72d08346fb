//! What the parser makes of a text that is wrong. Nobody sees these nodes: all that comes of such a text is its error.

use super::*;

macro_rules! nothing {
    ($($t:ty = $nothing:expr;)*) => {$(
        impl Default for $t {
            fn default() -> Self {
                $nothing
            }
        }
    )*};
}

nothing! {
    Stmt = Stmt::CheckPoint;
    Expr = Expr::Const(AConst { value: Const::Null, span: Span::NONE });
    SelectBody = SelectBody::Values(Vec::new());
    LimitOption = LimitOption::Count;
    RelPersistence = RelPersistence::Permanent;
    FromItem = FromItem::RangeVar(RangeVar::default());
    Indirection = Indirection::Star;
    DefArg = DefArg::Star;
    DefElemAction = DefElemAction::Unspecified;
    RoleSpecKind = RoleSpecKind::Public;
    ObjectType = ObjectType::Table;
    ObjectName = ObjectName::Name(Vec::new());
    AlterTableCmd = AlterTableCmd::DropCluster;
    ConstraintKind = ConstraintKind::Null;
    PartitionBound = PartitionBound::Default;
    FkMatch = FkMatch::Simple;
    FkAction = FkAction::NoAction;
    AlterTSConfigCmd = AlterTSConfigCmd::DropMapping { tokentype: Vec::new(), missing_ok: false };
    GrantTarget = GrantTarget::Relations { objtype: ObjectType::Table, names: Vec::new() };
    CreateOpClassItem = CreateOpClassItem::StorageType(TypeName::default());
    FunctionParameterMode = FunctionParameterMode::Default;
    VariableSetKind = VariableSetKind::ResetAll;
    SetValue = SetValue::Integer(0);
    CopyTarget = CopyTarget::Std;
}
