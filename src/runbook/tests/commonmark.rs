//! The rules of CommonMark 0.31 about what is code and what is not, each with a document of our own.

use super::read;

/// What runs of a document, in order: the text of each step.
#[track_caller]
fn runs(markdown: &str, expected: &[&str]) {
    let (runbook, diagnostics) = read(markdown);
    let scripts: Vec<&str> = runbook.steps.iter().map(|step| step.script.as_str()).collect();
    assert_eq!(scripts, expected, "{diagnostics:#?}");
}

#[test]
fn three_backquotes_or_three_tildes_make_a_fence_and_two_do_not() {
    runs("```sh\nuno\n```\n", &["uno\n"]);
    runs("~~~sh\nuno\n~~~\n", &["uno\n"]);
    runs("``sh\nuno\n``\n", &[]);
    runs("~~sh\nuno\n~~\n", &[]);
}

#[test]
fn a_fence_is_closed_only_by_its_own_character() {
    runs("```sh\nuno\n~~~\n```\n", &["uno\n~~~\n"]);
    runs("~~~sh\nuno\n```\n~~~\n", &["uno\n```\n"]);
}

#[test]
fn a_fence_is_closed_only_by_a_row_at_least_as_long() {
    runs("````sh\nuno\n```\ndos\n`````\ntres\n", &["uno\n```\ndos\n"]);
    runs("~~~~~sh\nuno\n~~~~\n~~~~~\n", &["uno\n~~~~\n"]);
}

#[test]
fn a_closing_row_has_no_tag_and_no_blanks_within() {
    runs("```sh\nuno\n``` dos\n```\n", &["uno\n``` dos\n"]);
    runs("```sh\nuno\n``` ```\n```\n", &["uno\n``` ```\n"]);
    runs("```sh\nuno\n```  \ndos\n", &["uno\n"]);
}

#[test]
fn an_open_fence_ends_with_the_document_or_with_its_container() {
    runs("```sh\n", &[""]);
    runs("`````sh\n\n```\nuno\n", &["\n```\nuno\n"]);
    runs("> ```sh\n> uno\n\ndos\n", &["uno\n"]);
    runs("- ```sh\n  uno\ndos\n", &["uno\n"]);
}

#[test]
fn a_block_may_be_empty_or_hold_only_blank_lines() {
    runs("```sh\n```\n", &[""]);
    runs("```sh\n\n  \n```\n", &["\n  \n"]);
}

#[test]
fn the_fence_s_own_indentation_up_to_three_is_taken_from_each_line() {
    runs(" ```sh\n uno\ndos\n```\n", &["uno\ndos\n"]);
    runs("  ```sh\nuno\n  dos\n tres\n  ```\n", &["uno\ndos\ntres\n"]);
    runs("   ```sh\n   uno\n    dos\n  tres\n   ```\n", &["uno\n dos\ntres\n"]);
    runs("    ```sh\n    uno\n    ```\n", &[]);
}

#[test]
fn a_closing_row_may_be_indented_by_three_and_not_by_four() {
    runs("```sh\nuno\n   ```\ndos\n", &["uno\n"]);
    runs("   ```sh\n   uno\n  ```\ndos\n", &["uno\n"]);
    runs("```sh\nuno\n    ```\ndos\n", &["uno\n    ```\ndos\n"]);
}

#[test]
fn a_fence_needs_no_blank_lines_around_it() {
    runs("antes\n```sh\nuno\n```\ndespués\n", &["uno\n"]);
    runs("antes\n---\n~~~sh\nuno\n~~~\n# después\n", &["uno\n"]);
}

#[test]
fn the_tag_is_the_first_word_after_the_row() {
    runs("```   sh   uno dos\necho\n```\n", &["echo\n"]);
    runs("~~~~    sh startline=3 $%@#$\necho\n~~~~~~~\n", &["echo\n"]);
    runs("````;\necho\n````\n", &[]);
}

#[test]
fn a_tag_after_backquotes_has_no_backquote_and_one_after_tildes_may() {
    runs("``` sh ```\nuno\n", &[]);
    runs("```sh x`y\nuno\n```\n", &[]);
    runs("~~~ sh ``` ~~~\nuno\n~~~\n", &["uno\n"]);
}

#[test]
fn entities_and_escapes_of_a_tag_are_decoded() {
    runs("```b&#97;sh\nuno\n```\n", &["uno\n"]);
    runs("```\\#sh\nuno\n```\n", &[]);
}

#[test]
fn tabs_of_the_code_stay_and_those_of_containers_go() {
    runs("```sh\n\tuno\n```\n", &["\tuno\n"]);
    runs("- x\n\n\t```sh\n\tuno\n\t```\n", &["uno\n"]);
    runs(">\t```sh\n>\tuno\n>\t```\n", &["uno\n"]);
}

#[test]
fn indented_code_is_not_run_even_with_a_fence_in_it() {
    runs("    ```sh\n    uno\n    ```\n\n```sh\ndos\n```\n", &["dos\n"]);
    runs("```sh\nuno\n```\n\n    dos\n", &["uno\n"]);
    runs("\t```sh\n\tuno\n\t```\n", &[]);
}

#[test]
fn an_indented_line_below_text_is_text_and_a_fence_there_is_none() {
    runs("texto\n    ```sh\n    uno\n    ```\n", &[]);
    runs("- texto\n\n      ```sh\n      uno\n      ```\n", &[]);
}

#[test]
fn in_a_list_the_content_of_the_item_sets_what_indented_means() {
    runs("1.  a\n\n    ```sh\n    uno\n    ```\n", &["uno\n"]);
    runs("10. a\n\n   ```sh\n   uno\n   ```\n", &["uno\n"]);
    runs("- a\n  - b\n\n    ```sh\n    uno\n      dos\n    ```\n", &["uno\n  dos\n"]);
    runs("1. ```sh\n   uno\n   ```\n2. ```sh\n   dos\n   ```\n", &["uno\n", "dos\n"]);
    runs("-\n  ```sh\n  uno\n  ```\n", &["uno\n"]);
}

#[test]
fn a_line_of_white_space_in_a_list_loses_only_the_list_s_indentation() {
    runs("1. a\n\n    ```sh\n    uno\n      \n    dos\n    ```\n", &["uno\n  \ndos\n"]);
    runs("1. a\n\n    ```sh\n    uno\n\n    dos\n    ```\n", &["uno\n\ndos\n"]);
}

#[test]
fn a_fence_does_not_reach_out_of_a_quote_and_no_lazy_line_joins_it() {
    runs("> ```sh\n> uno\n> ```\n", &["uno\n"]);
    runs("> ```sh\n> uno\ndos\n", &["uno\n"]);
    runs("> > ~~~sh\n> > uno\n> > ~~~\n> ```sh\n> dos\n> ```\n", &["uno\n", "dos\n"]);
    runs("> 1. a\n>\n>    ```sh\n>    uno\n>    ```\n", &["uno\n"]);
}

#[test]
fn an_html_block_of_an_element_ends_at_a_blank_line_and_a_fence_before_it_is_swallowed() {
    runs("<div>\n```sh\nuno\n```\n</div>\n", &[]);
    runs("<div>\n\n```sh\nuno\n```\n\n</div>\n", &["uno\n"]);
    runs("</details>\n```sh\nuno\n```\n", &[]);
    runs("<a href=\"x\">\n```sh\nuno\n```\n", &[]);
    runs("<a href=\"x\"> texto\n```sh\nuno\n```\n", &["uno\n"]);
}

#[test]
fn script_style_and_pre_blocks_end_at_their_closing_tag_whatever_stands_between() {
    runs("<pre>\n\n```sh\nuno\n```\n</pre>\n```sh\ndos\n```\n", &["dos\n"]);
    runs("<style\n  x>\n\n```sh\nuno\n```\n", &[]);
    runs("<script>\nx\n</script>\n```sh\ndos\n```\n", &["dos\n"]);
}

#[test]
fn comments_declarations_and_instructions_end_at_their_own_mark() {
    runs("<!-- a\n\n```sh\nuno\n```\n-->\n```sh\ndos\n```\n", &["dos\n"]);
    runs("<?php\n\n```sh\nuno\n```\n?>\n```sh\ndos\n```\n", &["dos\n"]);
    runs("<!DOCTYPE\n```sh\nuno\n```\n", &[]);
    runs("<![CDATA[\n\n```sh\nuno\n```\n]]>\n```sh\ndos\n```\n", &["dos\n"]);
}

#[test]
fn a_comment_that_closes_on_its_line_hides_nothing_below() {
    runs("<!-- a -->\n```sh\nuno\n```\n", &["uno\n"]);
    runs("<!-- a --> ```sh\nuno\n", &[]);
    runs("texto <!--\n```sh\nuno\n```\n-->\n", &["uno\n"]);
}

#[test]
fn a_row_of_dashes_below_text_is_a_heading_and_above_a_fence_a_rule() {
    runs("título\n---\n```sh\nuno\n```\n***\n```sh\ndos\n```\n", &["uno\n", "dos\n"]);
}

#[test]
fn a_code_span_over_lines_is_no_block() {
    runs("texto ```sh\nuno ``` más\n```sh\ndos\n```\n", &["dos\n"]);
    runs("texto ``` sh uno ``` más\n", &[]);
}
