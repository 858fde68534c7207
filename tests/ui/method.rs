use pipewright::pipeline_stage;

struct Dictionary;

impl Dictionary {
    #[pipeline_stage]
    fn translate(&self, word: String) -> String {
        word
    }
}

fn main() {}
