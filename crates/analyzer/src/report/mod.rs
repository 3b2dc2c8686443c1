//! Texts, pages and pictures of what the other modules found out.

pub mod dot;
pub mod html;
pub mod json;
pub mod sarif;
pub mod svg;
pub mod text;
