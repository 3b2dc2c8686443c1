//! The encodings of East Asia: `_codecs_cn`, `_codecs_hk`, `_codecs_iso2022`, `_codecs_jp`, `_codecs_kr`, `_codecs_tw`, and
//! `_multibytecodec`, the classes they share. After CPython Modules/cjkcodecs.
//!
//! * [`tables`]      what is mapped to what: recorded from CPython (`record.py`), packed in `tables.xz`, unpacked when first asked
//! * [`engine`]      one step of encoding and decoding, for each kind of codec; [`iso2022`] the kind that switches charsets
//! * [`conversion`]  whole texts, with error handlers
//! * [`codec`], [`incremental`], [`stream`]  what Python sees

mod codec;
mod conversion;
mod engine;
mod incremental;
mod iso2022;
mod stream;
mod tables;

use codec::MultibyteCodec;
use ophi_runtime::objects::exceptions::LOOKUP_ERROR;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

macro_rules! modules {
    ($($def:ident $functions:ident $module:literal [$($name:literal)*];)*) => {$(
        pub static $def: ModuleDef =
            ModuleDef { name: $module, doc: "", tables: &[$functions::METHODS], init: |_, _| Ok(()) };

        struct $functions;

        #[methods]
        impl $functions {
            #[function(sig = "(name, /)", text = "")]
            fn getcodec(vm: &Vm, name: &Value) -> Res {
                find(vm, &[$($name),*], name)
            }
        }
    )*};
}

modules! {
    CN Cn "_codecs_cn" ["gb2312" "gbk" "gb18030" "hz"];
    HK Hk "_codecs_hk" ["big5hkscs"];
    JP Jp "_codecs_jp" ["shift_jis" "cp932" "euc_jp" "shift_jis_2004" "euc_jis_2004" "euc_jisx0213" "shift_jisx0213"];
    KR Kr "_codecs_kr" ["euc_kr" "cp949" "johab"];
    TW Tw "_codecs_tw" ["big5" "cp950"];
    ISO2022 Iso2022 "_codecs_iso2022" [
        "iso2022_kr" "iso2022_jp" "iso2022_jp_1" "iso2022_jp_2" "iso2022_jp_2004" "iso2022_jp_3" "iso2022_jp_ext"
    ];
}

pub static SHARED: ModuleDef = ModuleDef { name: "_multibytecodec", doc: "", tables: &[], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &incremental::ENCODER)?;
    module.add_type(vm, &incremental::DECODER)?;
    module.add_type(vm, &stream::READER)?;
    module.add_type(vm, &stream::WRITER)
}

fn find(vm: &Vm, names: &[&'static str], name: &Value) -> Res {
    let Some(text) = name.downcast::<Str>() else {
        return Err(vm.type_error("encoding name must be a string."));
    };
    let known = names.iter().find(|known| text.eq_str(known)).and_then(|known| engine::codec(known));
    match known {
        Some(codec) => Ok(vm.new_object(MultibyteCodec { codec })?.into_value()),
        None => Err(vm.raise_message(&LOOKUP_ERROR, "no such codec is supported.")),
    }
}
