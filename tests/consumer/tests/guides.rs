fn main() -> std::process::ExitCode {
    docent::harness::main("guides")
}
