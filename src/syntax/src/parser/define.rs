//! CREATE of operators, operator classes, casts, collations, conversions, text search objects, languages, access methods.

use super::Parser;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::{Error, SqlState};

impl Parser<'_> {
    fn define(kind: ObjectType, defnames: QualifiedName, definition: Vec<DefElem>, span: Span) -> DefineStmt {
        DefineStmt {
            kind,
            oldstyle: false,
            defnames,
            args: None,
            definition,
            from: None,
            if_not_exists: false,
            replace: false,
            span,
        }
    }

    pub(super) fn create_operator(&mut self, span: Span) -> Stmt {
        self.skip();
        match self.cur.kw {
            Kw::CLASS if !matches!(self.peek(1).t, T::Dot) => return self.create_operator_class(span),
            Kw::FAMILY if !matches!(self.peek(1).t, T::Dot) => {
                self.skip();
                let opfamilyname = self.any_name();
                self.expect_kw(Kw::USING);
                let amname = self.name();
                return Stmt::CreateOpFamily(Box::new(CreateOpFamilyStmt { opfamilyname, amname, span }));
            }
            _ => {}
        }
        let OperatorName { qualifiers: mut defnames, name } = self.any_operator();
        defnames.push(name);
        let definition = self.definition();
        Stmt::Define(Box::new(Self::define(ObjectType::Operator, defnames, definition, span)))
    }

    fn create_operator_class(&mut self, span: Span) -> Stmt {
        self.skip();
        let opclassname = self.any_name();
        let is_default = self.eat_kw(Kw::DEFAULT);
        self.expect_kw(Kw::FOR);
        self.expect_kw(Kw::TYPE);
        let datatype = self.typename();
        self.expect_kw(Kw::USING);
        let amname = self.name();
        let opfamilyname = if self.eat_kw(Kw::FAMILY) { Some(self.any_name()) } else { None };
        self.expect_kw(Kw::AS);
        let items = self.list(Self::opclass_item);
        Stmt::CreateOpClass(Box::new(CreateOpClassStmt {
            opclassname,
            opfamilyname,
            amname,
            datatype,
            items,
            is_default,
            span,
        }))
    }

    pub(super) fn opclass_item(&mut self) -> CreateOpClassItem {
        if self.eat_kw(Kw::STORAGE) {
            return CreateOpClassItem::StorageType(self.typename());
        }
        if self.eat_kw(Kw::FUNCTION) {
            let number = self.iconst();
            let class_args = self.opt_parens(Self::typename);
            let name = self.function_with_args();
            return CreateOpClassItem::Function { number, name, class_args };
        }
        self.expect_kw(Kw::OPERATOR);
        let number = self.iconst();
        let span = self.span();
        let OperatorName { qualifiers: mut name, name: op } = self.any_operator();
        name.push(op);
        let args_unspecified = !self.is(T::LParen);
        let args = if args_unspecified { Vec::new() } else { self.operator_args() };
        let mut order_family = None;
        if self.eat_kw(Kw::FOR) && !self.eat_kw(Kw::SEARCH) {
            self.expect_kw(Kw::ORDER);
            self.expect_kw(Kw::BY);
            order_family = Some(self.any_name());
        }
        let at = self.span();
        if self.eat_kw(Kw::RECHECK) {
            let error = Error::new(SqlState::FEATURE_NOT_SUPPORTED, "RECHECK is no longer required");
            return self.reject(error.hint("Update your data type.").at(at));
        }
        let name = ObjectWithArgs { name, args, func_params: Vec::new(), args_unspecified, span };
        CreateOpClassItem::Operator { number, name, order_family }
    }

    pub(super) fn opclass_drop(&mut self) -> CreateOpClassItem {
        let function = self.eat_kw(Kw::FUNCTION);
        if !function {
            self.expect_kw(Kw::OPERATOR);
        }
        let number = self.iconst();
        let class_args = self.parens(Self::typename);
        if function {
            CreateOpClassItem::DropFunction { number, class_args }
        } else {
            CreateOpClassItem::DropOperator { number, class_args }
        }
    }

    pub(super) fn create_collation(&mut self, span: Span) -> Stmt {
        self.skip();
        let if_not_exists = self.if_not_exists();
        let name = self.any_name();
        let mut stmt = Self::define(ObjectType::Collation, name, Vec::new(), span);
        stmt.if_not_exists = if_not_exists;
        if self.eat_kw(Kw::FROM) {
            stmt.from = Some(self.any_name());
        } else {
            stmt.definition = self.definition();
        }
        Stmt::Define(Box::new(stmt))
    }

    pub(super) fn create_text_search(&mut self, span: Span) -> Stmt {
        self.skip();
        self.expect_kw(Kw::SEARCH);
        let kind = self.text_search_kind_here();
        self.skip();
        let name = self.any_name();
        let definition = self.definition();
        Stmt::Define(Box::new(Self::define(kind, name, definition, span)))
    }

    pub(super) fn create_cast(&mut self, span: Span) -> Stmt {
        self.skip();
        let ObjectName::Cast { source: sourcetype, target: targettype } = self.cast_name() else {
            return self.unexpected();
        };
        let method = if self.eat_kws(Kw::WITHOUT, Kw::FUNCTION) {
            CastMethod::WithoutFunction
        } else {
            self.expect_kw(Kw::WITH);
            if self.eat_kw(Kw::INOUT) {
                CastMethod::InOut
            } else {
                self.expect_kw(Kw::FUNCTION);
                CastMethod::Function(self.function_with_args())
            }
        };
        let mut context = CoercionContext::Explicit;
        if self.eat_kw(Kw::AS) {
            context = CoercionContext::Implicit;
            if !self.eat_kw(Kw::IMPLICIT) {
                self.expect_kw(Kw::ASSIGNMENT);
                context = CoercionContext::Assignment;
            }
        }
        Stmt::CreateCast(Box::new(CreateCastStmt { sourcetype, targettype, method, context, span }))
    }

    pub(super) fn create_conversion(&mut self, span: Span) -> Stmt {
        let def = self.eat_kw(Kw::DEFAULT);
        self.expect_kw(Kw::CONVERSION);
        let conversion_name = self.any_name();
        self.expect_kw(Kw::FOR);
        let for_encoding_name = self.string();
        self.expect_kw(Kw::TO);
        let to_encoding_name = self.string();
        self.expect_kw(Kw::FROM);
        let func_name = self.any_name();
        Stmt::CreateConversion(Box::new(CreateConversionStmt {
            conversion_name,
            for_encoding_name,
            to_encoding_name,
            func_name,
            def,
            span,
        }))
    }

    pub(super) fn create_access_method(&mut self, span: Span) -> Stmt {
        self.skip();
        self.expect_kw(Kw::METHOD);
        let amname = self.name();
        self.expect_kw(Kw::TYPE);
        let is_table = self.eat_kw(Kw::TABLE);
        if !is_table {
            self.expect_kw(Kw::INDEX);
        }
        self.expect_kw(Kw::HANDLER);
        let handler_name = self.handler_name();
        Stmt::CreateAm(Box::new(CreateAmStmt { amname, handler_name, is_table, span }))
    }

    /// `name` or `schema.name`.
    pub(super) fn handler_name(&mut self) -> QualifiedName {
        self.any_name()
    }

    pub(super) fn create_transform(&mut self, replace: bool, span: Span) -> Stmt {
        self.skip();
        self.expect_kw(Kw::FOR);
        let type_name = self.typename();
        self.expect_kw(Kw::LANGUAGE);
        let lang = self.name();
        self.expect(T::LParen);
        let (mut fromsql, mut tosql) = (None, None);
        loop {
            let from = fromsql.is_none() && self.eat_kw(Kw::FROM);
            if !from {
                if tosql.is_some() {
                    return self.unexpected();
                }
                self.expect_kw(Kw::TO);
            }
            self.expect_kw(Kw::SQL);
            self.expect_kw(Kw::WITH);
            self.expect_kw(Kw::FUNCTION);
            let function = Some(self.function_with_args());
            if from {
                fromsql = function;
            } else {
                tosql = function;
            }
            if fromsql.is_some() && tosql.is_some() || !self.eat(T::Comma) {
                break;
            }
        }
        self.expect(T::RParen);
        Stmt::CreateTransform(Box::new(CreateTransformStmt { replace, type_name, lang, fromsql, tosql, span }))
    }

    pub(super) fn create_language(&mut self, replace: bool, span: Span) -> Stmt {
        let pltrusted = self.eat_kw(Kw::TRUSTED);
        self.eat_kw(Kw::PROCEDURAL);
        self.expect_kw(Kw::LANGUAGE);
        let plname = self.name();
        if !self.eat_kw(Kw::HANDLER) {
            // Languages are extensions: without a handler that is what is created.
            let (extname, options) = (plname, Vec::new());
            return Stmt::CreateExtension(Box::new(CreateExtensionStmt {
                extname,
                if_not_exists: replace,
                options,
                span,
            }));
        }
        let plhandler = self.handler_name();
        let plinline = if self.eat_kw(Kw::INLINE) { Some(self.handler_name()) } else { None };
        let plvalidator = if self.eat_kw(Kw::VALIDATOR) {
            Some(self.handler_name())
        } else {
            self.eat_kws(Kw::NO, Kw::VALIDATOR);
            None
        };
        Stmt::CreatePLang(Box::new(CreatePLangStmt {
            replace,
            plname,
            pltrusted,
            plhandler,
            plinline,
            plvalidator,
            span,
        }))
    }
}
