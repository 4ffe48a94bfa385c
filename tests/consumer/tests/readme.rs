#[test]
fn the_readme_works() {
    docent::runbook("README.md").check();
}

#[test]
#[should_panic(expected = "guides/wrong.md")]
fn a_wrong_guide_is_found_out() {
    docent::runbook("guides/wrong.md").check();
}
