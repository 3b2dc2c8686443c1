//! `_bz2`, `_lzma`, `_zstd`: streams being compressed and decompressed. The libraries work on a buffer of input and one of output;
//! [`feed`] keeps what a decompressor could not take yet, in one way for all.

pub mod bz2;
pub mod feed;
mod frame;
pub mod lzma;
mod lzma_filters;
pub mod zstd;
mod zstd_dict;
mod zstd_options;
