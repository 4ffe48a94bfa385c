#[test]
fn the_readme_works() {
    docent::runbook("README.md").check();
}

#[test]
#[should_panic(expected = "guides/wrong.md")]
fn a_wrong_guide_is_found_out() {
    docent::runbook("guides/wrong.md").check();
}

#[test]
fn a_document_with_tabs_and_zones_is_read_as_one_of_its_readers() {
    docent::runbook("choices.md").check();
    docent::runbook("choices.md").tab("windows").zone("loud").check();
}

#[test]
#[should_panic(expected = "no tab `macos`; there are linux, windows")]
fn a_tab_that_is_not_there_is_an_error() {
    docent::runbook("choices.md").tab("macos").check();
}
