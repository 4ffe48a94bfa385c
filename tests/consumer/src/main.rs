//! Greets whoever is named.

fn main() {
    match std::env::args().nth(1) {
        Some(name) => println!("Hello, {name}!"),
        None => {
            eprintln!("greeter: whom?");
            std::process::exit(2);
        }
    }
}
