use pipewright::pipeline_stage;
use serde::{Deserialize, Serialize};
pub mod m {
    use serde::{Deserialize, Serialize};
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Result {
        pub a: u8,
    }
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Option;
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Vec;
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Receiver<T>(pub T);
}
type Mail = m::Receiver<u32>;
type Number = u32;
type Texts = std::collections::BTreeMap<String, String>;
type R<T> = std::result::Result<T, String>;
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
#[pipeline_stage]
pub fn a(n: u32) -> m::Result {
    m::Result { a: n as u8 }
}
#[pipeline_stage]
pub fn b(_: u32) -> m::Option {
    m::Option
}
#[pipeline_stage]
pub async fn c(_: u32) -> m::Vec {
    m::Vec
}
#[pipeline_stage]
pub fn d(mail: Mail) -> Mail {
    mail
}
#[pipeline_stage]
pub fn e(n: Number) -> Number {
    n
}
#[pipeline_stage]
pub fn f(n: Texts) -> Result<Texts> {
    Ok(n)
}
#[pipeline_stage]
pub fn g(n: Result2) -> u32 {
    n.unwrap_or(3)
}
type Result2 = R<u32>;
#[pipeline_stage]
pub fn h(r: m::Result) -> m::Result {
    r
}
#[pipeline_stage]
pub fn i(r: &m::Result) -> bool {
    r.a > 1
}
#[pipeline_stage]
pub fn j(r: u32) -> [Vec<u32>; 1] {
    [vec![r]]
}
#[pipeline_stage]
pub fn k(r: u32) -> Option<Option<u32>> {
    Some(Some(r))
}
#[pipeline_stage]
pub fn l(r: u32) -> Vec<Option<u32>> {
    vec![Some(r)]
}
#[pipeline_stage]
pub fn m2(r: u32) -> std::io::Result<Vec<u32>> {
    Ok(vec![r])
}
#[pipeline_stage]
pub fn n(r: u32) -> Box<dyn Iterator<Item = u32> + Send> {
    Box::new(0..r)
}
#[pipeline_stage]
pub fn o(r: u32) -> impl Iterator<Item = Result<u32>> {
    (0..r).map(Ok)
}
#[pipeline_stage]
pub fn p(r: u32) -> Result<impl Iterator<Item = Option<u32>>> {
    Ok((0..r).map(Some))
}
#[derive(Clone, Serialize, Deserialize)]
pub struct Receiver {
    pub mail: String,
}
#[pipeline_stage]
pub fn q(r: &Receiver) -> bool {
    r.mail.is_empty()
}
#[pipeline_stage]
pub async fn s(r: Receiver) -> Result<Receiver> {
    Ok(r)
}

fn main() {}
