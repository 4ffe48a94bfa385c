//! Built-in command-line clients. They speak HTTP and nothing else, and share no type with the cloud.
