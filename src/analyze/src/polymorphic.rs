//! Polymorphic functions (the other half of `parse_coerce.c`): what `anyelement` and its kin are in a call.
//!
//! Every `anyelement`-family argument must have one and the same type; `anycompatible`-family arguments are converted to
//! their common type first. Unknown literals are of whatever type the others are.

use tusklet_catalog::builtin::oids;
use tusklet_catalog::resolve::{is_polymorphic_family1, is_polymorphic_family2};
use tusklet_error::{Result, bail, err, filled};
use tusklet_ir::Oid;

use crate::parse_coerce::CoercionContext;
use crate::parse_node::Analyzer;

impl Analyzer<'_> {
    fn common_type_of_oids(&mut self, types: &[Oid], noerror: bool) -> Result<Oid> {
        let mut ptype = types[0];
        let mut start = 1;
        if ptype != oids::UNKNOWN {
            while start < types.len() && types[start] == ptype {
                start += 1;
            }
            if start == types.len() {
                return Ok(ptype);
            }
        }
        ptype = self.cat.base_type(ptype);
        let (mut pcategory, mut ppreferred) = self.cat.type_category(ptype);
        for &ty in &types[start..] {
            let ntype = self.cat.base_type(ty);
            if ntype == oids::UNKNOWN || ntype == ptype {
                continue;
            }
            let (ncategory, npreferred) = self.cat.type_category(ntype);
            if ptype == oids::UNKNOWN {
                (ptype, pcategory, ppreferred) = (ntype, ncategory, npreferred);
            } else if ncategory != pcategory {
                if noerror {
                    return Ok(0);
                }
                bail!(
                    DATATYPE_MISMATCH,
                    "argument types {} and {} cannot be matched";
                    self.type_name(ptype),
                    self.type_name(ntype)
                );
            } else if !ppreferred
                && self.can_coerce_type(&[ptype], &[ntype], CoercionContext::Implicit)
                && !self.can_coerce_type(&[ntype], &[ptype], CoercionContext::Implicit)
            {
                (ptype, pcategory, ppreferred) = (ntype, ncategory, npreferred);
            }
        }
        Ok(if ptype == oids::UNKNOWN { oids::TEXT } else { ptype })
    }

    /// Whether polymorphic arguments agree (`check_generic_type_consistency`).
    pub fn check_generic_type_consistency(&self, actual: &[Oid], declared: &[Oid]) -> bool {
        let (mut elem, mut array, mut range, mut multirange) = (0, 0, 0, 0);
        let mut compatible: Vec<Oid> = vec![];
        let (mut crange, mut cmultirange) = (0, 0);
        let (mut have_nonarray, mut have_enum, mut have_cnonarray) = (false, false, false);
        for (&decl, &act) in declared.iter().zip(actual) {
            let mut act = act;
            match decl {
                oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYENUM => {
                    have_nonarray |= decl == oids::ANYNONARRAY;
                    have_enum |= decl == oids::ANYENUM;
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    if elem != 0 && act != elem {
                        return false;
                    }
                    elem = act;
                }
                oids::ANYARRAY => {
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if array != 0 && act != array {
                        return false;
                    }
                    array = act;
                }
                oids::ANYRANGE => {
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if range != 0 && act != range {
                        return false;
                    }
                    range = act;
                }
                oids::ANYMULTIRANGE => {
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if multirange != 0 && act != multirange {
                        return false;
                    }
                    multirange = act;
                }
                oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY => {
                    have_cnonarray |= decl == oids::ANYCOMPATIBLENONARRAY;
                    if act != oids::UNKNOWN {
                        compatible.push(act);
                    }
                }
                oids::ANYCOMPATIBLEARRAY => {
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    let e = self.cat.element_type(self.cat.base_type(act));
                    if e == 0 {
                        return false;
                    }
                    compatible.push(e);
                }
                oids::ANYCOMPATIBLERANGE => {
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if crange != 0 {
                        if crange != act {
                            return false;
                        }
                    } else {
                        let e = self.cat.range_subtype(act);
                        if e == 0 {
                            return false;
                        }
                        crange = act;
                        compatible.push(e);
                    }
                }
                oids::ANYCOMPATIBLEMULTIRANGE => {
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if cmultirange != 0 {
                        if cmultirange != act {
                            return false;
                        }
                    } else {
                        let r = self.cat.multirange_range(act);
                        if r == 0 {
                            return false;
                        }
                        cmultirange = act;
                        compatible.push(self.cat.range_subtype(r));
                    }
                }
                _ => {}
            }
        }
        if array != 0 {
            if array == oids::ANYARRAY {
                // Only pg_statistic has such columns.
                if have_nonarray || have_enum {
                    return false;
                }
                return true;
            }
            let e = self.cat.element_type(array);
            if e == 0 || (elem != 0 && e != elem) {
                return false;
            }
            elem = e;
        }
        if multirange != 0 {
            let r = self.cat.multirange_range(multirange);
            if r == 0 || (range != 0 && r != range) {
                return false;
            }
            range = r;
        }
        if range != 0 {
            let e = self.cat.range_subtype(range);
            if e == 0 || (elem != 0 && e != elem) {
                return false;
            }
            elem = e;
        }
        if have_nonarray && self.cat.base_element_type(elem) != 0 {
            return false;
        }
        if have_enum && !self.cat.is_enum(elem) {
            return false;
        }
        if cmultirange != 0 && crange != 0 && self.cat.multirange_range(cmultirange) != crange {
            return false;
        }
        if !compatible.is_empty() {
            // A shared borrow is enough here: no error is ever built.
            let common = self.common_type_quiet(&compatible);
            if common == 0 {
                return false;
            }
            if have_cnonarray && self.cat.base_element_type(common) != 0 {
                return false;
            }
            if cmultirange != 0 && crange == 0 {
                crange = self.cat.multirange_range(cmultirange);
            }
            if crange != 0 && self.cat.range_subtype(crange) != common {
                return false;
            }
        }
        true
    }

    fn common_type_quiet(&self, types: &[Oid]) -> Oid {
        let mut ptype = types[0];
        if types.iter().all(|t| *t == ptype) && ptype != oids::UNKNOWN {
            return ptype;
        }
        ptype = self.cat.base_type(ptype);
        let (mut pcategory, mut ppreferred) = self.cat.type_category(ptype);
        for &ty in &types[1..] {
            let n = self.cat.base_type(ty);
            if n == oids::UNKNOWN || n == ptype {
                continue;
            }
            let (ncategory, npreferred) = self.cat.type_category(n);
            if ptype == oids::UNKNOWN {
                (ptype, pcategory, ppreferred) = (n, ncategory, npreferred);
            } else if ncategory != pcategory {
                return 0;
            } else if !ppreferred
                && self.can_coerce_type(&[ptype], &[n], CoercionContext::Implicit)
                && !self.can_coerce_type(&[n], &[ptype], CoercionContext::Implicit)
            {
                (ptype, pcategory, ppreferred) = (n, ncategory, npreferred);
            }
        }
        for &ty in types {
            if !self.can_coerce_type(&[ty], &[ptype], CoercionContext::Implicit) {
                return 0;
            }
        }
        if ptype == oids::UNKNOWN { oids::TEXT } else { ptype }
    }

    /// Settles what the polymorphic arguments of a chosen function are: replaces them in `declared` and gives the result type
    /// (`enforce_generic_type_consistency`).
    pub fn enforce_generic_type_consistency(
        &mut self,
        actual: &[Oid],
        declared: &mut [Oid],
        rettype: Oid,
        allow_poly: bool,
    ) -> Result<Oid> {
        let (mut elem, mut array, mut range, mut multirange) = (0, 0, 0, 0);
        let (mut have_poly1, mut have_poly2) = (false, false);
        let family1 = declared.iter().zip(actual).filter(|(d, _)| is_polymorphic_family1(**d)).count();
        let (mut have_unknown1, mut have_anynonarray) = (false, rettype == oids::ANYNONARRAY);
        let mut have_anyenum = rettype == oids::ANYENUM;
        let mut have_anymultirange = rettype == oids::ANYMULTIRANGE;
        let mut compatible: Vec<Oid> = vec![];
        let (mut crange, mut crange_elem, mut cmultirange, mut cmultirange_elem) = (0, 0, 0, 0);
        let mut have_cnonarray = rettype == oids::ANYCOMPATIBLENONARRAY;
        let mut have_carray = rettype == oids::ANYCOMPATIBLEARRAY;
        let mut have_crange = rettype == oids::ANYCOMPATIBLERANGE;
        let mut have_cmultirange = rettype == oids::ANYCOMPATIBLEMULTIRANGE;
        macro_rules! mismatch {
            ($what:literal, $a:expr, $b:expr) => {
                return Err(err!(DATATYPE_MISMATCH, concat!("arguments declared \"", $what, "\" are not all alike"))
                    .detail(filled!("{} versus {}"; self.type_name($a), self.type_name($b))))
            };
        }
        for (&decl, &act) in declared.iter().zip(actual) {
            let mut act = act;
            match decl {
                oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYENUM => {
                    have_poly1 = true;
                    have_anynonarray |= decl == oids::ANYNONARRAY;
                    have_anyenum |= decl == oids::ANYENUM;
                    if act == oids::UNKNOWN {
                        have_unknown1 = true;
                        continue;
                    }
                    if allow_poly && decl == act {
                        continue;
                    }
                    if elem != 0 && act != elem {
                        mismatch!("anyelement", elem, act);
                    }
                    elem = act;
                }
                oids::ANYARRAY => {
                    have_poly1 = true;
                    if act == oids::UNKNOWN {
                        have_unknown1 = true;
                        continue;
                    }
                    if allow_poly && decl == act {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if array != 0 && act != array {
                        mismatch!("anyarray", array, act);
                    }
                    array = act;
                }
                oids::ANYRANGE => {
                    have_poly1 = true;
                    if act == oids::UNKNOWN {
                        have_unknown1 = true;
                        continue;
                    }
                    if allow_poly && decl == act {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if range != 0 && act != range {
                        mismatch!("anyrange", range, act);
                    }
                    range = act;
                }
                oids::ANYMULTIRANGE => {
                    have_poly1 = true;
                    have_anymultirange = true;
                    if act == oids::UNKNOWN {
                        have_unknown1 = true;
                        continue;
                    }
                    if allow_poly && decl == act {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if multirange != 0 && act != multirange {
                        mismatch!("anymultirange", multirange, act);
                    }
                    multirange = act;
                }
                oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY => {
                    have_poly2 = true;
                    have_cnonarray |= decl == oids::ANYCOMPATIBLENONARRAY;
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    if allow_poly && decl == act {
                        continue;
                    }
                    compatible.push(act);
                }
                oids::ANYCOMPATIBLEARRAY => {
                    have_poly2 = true;
                    have_carray = true;
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    if allow_poly && decl == act {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    let e = self.cat.element_type(act);
                    if e == 0 {
                        bail!(
                            DATATYPE_MISMATCH,
                            "argument declared anycompatiblearray is not an array but type {}";
                            self.type_name(act)
                        );
                    }
                    compatible.push(e);
                }
                oids::ANYCOMPATIBLERANGE => {
                    have_poly2 = true;
                    have_crange = true;
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    if allow_poly && decl == act {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if crange != 0 {
                        if crange != act {
                            mismatch!("anycompatiblerange", crange, act);
                        }
                    } else {
                        crange = act;
                        crange_elem = self.cat.range_subtype(act);
                        if crange_elem == 0 {
                            bail!(
                                DATATYPE_MISMATCH,
                                "argument declared anycompatiblerange is not a range type but type {}";
                                self.type_name(act)
                            );
                        }
                        compatible.push(crange_elem);
                    }
                }
                oids::ANYCOMPATIBLEMULTIRANGE => {
                    have_poly2 = true;
                    have_cmultirange = true;
                    if act == oids::UNKNOWN {
                        continue;
                    }
                    if allow_poly && decl == act {
                        continue;
                    }
                    act = self.cat.base_type(act);
                    if cmultirange != 0 {
                        if cmultirange != act {
                            mismatch!("anycompatiblemultirange", cmultirange, act);
                        }
                    } else {
                        cmultirange = act;
                        let r = self.cat.multirange_range(act);
                        if r == 0 {
                            bail!(
                                DATATYPE_MISMATCH,
                                "argument declared anycompatiblemultirange is not a multirange type but type {}";
                                self.type_name(act)
                            );
                        }
                        cmultirange_elem = self.cat.range_subtype(r);
                        compatible.push(cmultirange_elem);
                    }
                }
                _ => {}
            }
        }
        if !have_poly1 && !have_poly2 {
            return Ok(rettype);
        }
        if have_poly1 {
            if array != 0 {
                let array_elem;
                if array == oids::ANYARRAY {
                    if family1 != 1 || (rettype != oids::ANYARRAY && is_polymorphic_family1(rettype)) {
                        bail!(DATATYPE_MISMATCH, "cannot determine element type of \"anyarray\" argument");
                    }
                    array_elem = oids::ANYELEMENT;
                } else {
                    array_elem = self.cat.element_type(array);
                    if array_elem == 0 {
                        bail!(
                            DATATYPE_MISMATCH,
                            "argument declared anyarray is not an array but type {}";
                            self.type_name(array)
                        );
                    }
                }
                if elem == 0 {
                    elem = array_elem;
                } else if array_elem != elem {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "argument declared anyarray is not consistent with argument declared anyelement"
                    )
                    .detail(filled!("{} versus {}"; self.type_name(array), self.type_name(elem))));
                }
            }
            if multirange != 0 {
                let mr = self.cat.multirange_range(multirange);
                if mr == 0 {
                    bail!(
                        DATATYPE_MISMATCH,
                        "argument declared anymultirange is not a multirange type but type {}";
                        self.type_name(multirange)
                    );
                }
                if range == 0 {
                    range = mr;
                } else if mr != range {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "argument declared anymultirange is not consistent with argument declared anyrange"
                    )
                    .detail(filled!("{} versus {}"; self.type_name(multirange), self.type_name(range))));
                }
            } else if have_anymultirange && range != 0 {
                multirange = self.cat.range_multirange(range);
            }
            if range != 0 {
                let re = self.cat.range_subtype(range);
                if re == 0 {
                    bail!(
                        DATATYPE_MISMATCH,
                        "argument declared anyrange is not a range type but type {}";
                        self.type_name(range)
                    );
                }
                if elem == 0 {
                    elem = re;
                } else if re != elem {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "argument declared anyrange is not consistent with argument declared anyelement"
                    )
                    .detail(filled!("{} versus {}"; self.type_name(range), self.type_name(elem))));
                }
            }
            if elem == 0 {
                if allow_poly {
                    elem = oids::ANYELEMENT;
                    array = oids::ANYARRAY;
                    range = oids::ANYRANGE;
                    multirange = oids::ANYMULTIRANGE;
                } else {
                    bail!(DATATYPE_MISMATCH, "could not determine polymorphic type because input has type unknown");
                }
            }
            if have_anynonarray && elem != oids::ANYELEMENT && self.cat.base_element_type(elem) != 0 {
                bail!(DATATYPE_MISMATCH, "type matched to anynonarray is an array type: {}"; self.type_name(elem));
            }
            if have_anyenum && elem != oids::ANYELEMENT && !self.cat.is_enum(elem) {
                bail!(DATATYPE_MISMATCH, "type matched to anyenum is not an enum type: {}"; self.type_name(elem));
            }
        }
        let (mut ctype, mut carray) = (0, 0);
        if have_poly2 {
            if cmultirange != 0 {
                let r = self.cat.multirange_range(cmultirange);
                if crange != 0 {
                    if r != crange {
                        return Err(err!(
                            DATATYPE_MISMATCH,
                            "argument declared anycompatiblemultirange is not consistent with argument declared anycompatiblerange"
                        )
                        .detail(filled!("{} versus {}"; self.type_name(cmultirange), self.type_name(crange))));
                    }
                } else {
                    crange = r;
                    crange_elem = cmultirange_elem;
                }
            } else if have_cmultirange && crange != 0 {
                cmultirange = self.cat.range_multirange(crange);
            }
            if !compatible.is_empty() {
                ctype = self.common_type_of_oids(&compatible, false)?;
                if have_carray {
                    carray = self.cat.array_type(ctype);
                    if carray == 0 {
                        bail!(UNDEFINED_OBJECT, "could not find array type for data type {}"; self.type_name(ctype));
                    }
                }
                if have_crange {
                    if crange == 0 {
                        bail!(
                            DATATYPE_MISMATCH,
                            "could not determine polymorphic type anycompatiblerange because input has type unknown"
                        );
                    }
                    if crange_elem != ctype {
                        bail!(
                            DATATYPE_MISMATCH,
                            "anycompatiblerange type {} does not match anycompatible type {}";
                            self.type_name(crange),
                            self.type_name(ctype)
                        );
                    }
                }
                if have_cmultirange && cmultirange == 0 {
                    bail!(
                        DATATYPE_MISMATCH,
                        "could not determine polymorphic type anycompatiblemultirange because input has type unknown"
                    );
                }
                if have_cnonarray && self.cat.base_element_type(ctype) != 0 {
                    bail!(
                        DATATYPE_MISMATCH,
                        "type matched to anycompatiblenonarray is an array type: {}";
                        self.type_name(ctype)
                    );
                }
            } else if allow_poly {
                ctype = oids::ANYCOMPATIBLE;
                carray = oids::ANYCOMPATIBLEARRAY;
                crange = oids::ANYCOMPATIBLERANGE;
                cmultirange = oids::ANYCOMPATIBLEMULTIRANGE;
            } else {
                // All unknown: text, except that a range cannot be guessed.
                ctype = oids::TEXT;
                carray = oids::TEXT_ARRAY;
                if have_crange {
                    bail!(
                        DATATYPE_MISMATCH,
                        "could not determine polymorphic type anycompatiblerange because input has type unknown"
                    );
                }
                if have_cmultirange {
                    bail!(
                        DATATYPE_MISMATCH,
                        "could not determine polymorphic type anycompatiblemultirange because input has type unknown"
                    );
                }
            }
            for d in declared.iter_mut() {
                match *d {
                    oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY => *d = ctype,
                    oids::ANYCOMPATIBLEARRAY => *d = carray,
                    oids::ANYCOMPATIBLERANGE => *d = crange,
                    oids::ANYCOMPATIBLEMULTIRANGE => *d = cmultirange,
                    _ => {}
                }
            }
        }
        // Unknown literals become whatever the others are.
        if have_unknown1 {
            for (i, d) in declared.iter_mut().enumerate() {
                if actual.get(i) != Some(&oids::UNKNOWN) || !is_polymorphic_family1(*d) {
                    continue;
                }
                match *d {
                    oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYENUM => *d = elem,
                    oids::ANYARRAY => {
                        if array == 0 {
                            array = self.cat.array_type(elem);
                            if array == 0 {
                                bail!(
                                    UNDEFINED_OBJECT,
                                    "could not find array type for data type {}";
                                    self.cat.format_type(&self.path, elem)
                                );
                            }
                        }
                        *d = array;
                    }
                    oids::ANYRANGE => {
                        if range == 0 {
                            bail!(
                                DATATYPE_MISMATCH,
                                "could not determine polymorphic type anyrange because input has type unknown"
                            );
                        }
                        *d = range;
                    }
                    oids::ANYMULTIRANGE => {
                        if multirange == 0 {
                            bail!(
                                DATATYPE_MISMATCH,
                                "could not determine polymorphic type anymultirange because input has type unknown"
                            );
                        }
                        *d = multirange;
                    }
                    _ => {}
                }
            }
        }
        let missing = |what: &str| err!(
            DATATYPE_MISMATCH, "could not determine polymorphic type {} because input has type unknown"; what
        );
        Ok(match rettype {
            oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYENUM => elem,
            oids::ANYARRAY => {
                if array == 0 {
                    array = self.cat.array_type(elem);
                    if array == 0 {
                        bail!(UNDEFINED_OBJECT, "could not find array type for data type {}"; self.type_name(elem));
                    }
                }
                array
            }
            oids::ANYRANGE if range == 0 => return Err(missing("anyrange")),
            oids::ANYRANGE => range,
            oids::ANYMULTIRANGE if multirange == 0 => return Err(missing("anymultirange")),
            oids::ANYMULTIRANGE => multirange,
            oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY => ctype,
            oids::ANYCOMPATIBLEARRAY => carray,
            oids::ANYCOMPATIBLERANGE => crange,
            oids::ANYCOMPATIBLEMULTIRANGE => cmultirange,
            t => {
                debug_assert!(!is_polymorphic_family2(t));
                t
            }
        })
    }
}
