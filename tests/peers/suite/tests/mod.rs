mod calls;
mod pairs;
