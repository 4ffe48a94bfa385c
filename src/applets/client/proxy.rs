//! Which way a connection takes: straight, or through the proxy of the environment by CONNECT.

use std::collections::HashMap;

use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::ClientError;

/// The longest answer to CONNECT that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// The proxy, if any, and the hosts that do not take it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Route {
    proxy: Option<(String, u16)>,
    direct: Vec<String>,
}

impl Route {
    /// `HTTPS_PROXY`, else `ALL_PROXY`, and `NO_PROXY`; the lower-case spellings win, as in Python's requests and in Go.
    pub(crate) fn from_environment(variables: &HashMap<String, String>) -> Route {
        let either = |name: &str| {
            let lower = name.to_ascii_lowercase();
            variables.get(&lower).or_else(|| variables.get(name)).filter(|value| !value.is_empty())
        };
        let proxy = either("HTTPS_PROXY").or_else(|| either("ALL_PROXY")).and_then(|url| Route::proxy_of(url));
        let direct = either("NO_PROXY").map(|hosts| {
            hosts.split(',').map(|host| host.trim().trim_start_matches('.').to_ascii_lowercase()).filter(|host| !host.is_empty()).collect()
        });
        Route { proxy, direct: direct.unwrap_or_default() }
    }

    /// This route with another proxy, as a kubeconfig's `proxy-url` asks; `None` when the text is no `http://host:port`.
    pub(crate) fn through(self, url: &str) -> Option<Route> {
        Some(Route { proxy: Some(Route::proxy_of(url)?), ..self })
    }

    fn proxy_of(url: &str) -> Option<(String, u16)> {
        let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = with_scheme.parse().ok()?;
        (uri.scheme_str() == Some("http")).then_some(())?;
        Some((uri.host()?.to_owned(), uri.port_u16().unwrap_or(80)))
    }

    /// Whether connections to this host take the proxy. Loopback never does, as in Go.
    pub(crate) fn is_proxied(&self, host: &str) -> bool {
        let loopback = host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        let excepted = self
            .direct
            .iter()
            .any(|direct| direct == "*" || direct == host || host.strip_suffix(direct.as_str()).is_some_and(|rest| rest.ends_with('.')));
        self.proxy.is_some() && !loopback && !excepted
    }

    /// A connection over which one can talk to the host, `tunnel`led through the proxy where there is one.
    pub(super) async fn connect(&self, host: &str, port: u16, tunnel: bool) -> Result<TcpStream, ClientError> {
        let Some((proxy_host, proxy_port)) = self.proxy.as_ref().filter(|_| self.is_proxied(host)) else {
            return open(host, port).await;
        };
        let mut stream = open(proxy_host, *proxy_port).await?;
        if !tunnel {
            return Ok(stream);
        }
        let failed = |source| ClientError::Connect { address: format!("{host}:{port}"), source };
        stream.write_all(format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").as_bytes()).await.map_err(failed)?;
        let mut answer = Vec::new();
        // Byte by byte up to the empty line: what follows belongs to TLS. The answer is some forty bytes long.
        while !answer.ends_with(b"\r\n\r\n") && answer.len() < ANSWER_BYTES_MAX {
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => break,
            }
        }
        let head = String::from_utf8_lossy(&answer).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        if status == 200 {
            return Ok(stream);
        }
        // The proxy may keep the connection open, so only what it announces is read.
        let announced =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        let mut body = vec![0; announced.unwrap_or(0).min(ANSWER_BYTES_MAX)];
        let read = stream.read_exact(&mut body).await;
        let reason = if read.is_ok() { String::from_utf8_lossy(&body).trim().to_owned() } else { String::new() };
        let phrase = || head.lines().next().and_then(|line| line.splitn(3, ' ').nth(2)).unwrap_or("no answer").to_owned();
        Err(ClientError::ProxyRefused { host: host.to_owned(), status, reason: if reason.is_empty() { phrase() } else { reason } })
    }
}

async fn open(host: &str, port: u16) -> Result<TcpStream, ClientError> {
    let failed = |source| ClientError::Connect { address: format!("{host}:{port}"), source };
    let stream = TcpStream::connect((host, port)).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], host: &str, proxied: bool) {
        let variables = variables.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        assert_eq!(Route::from_environment(&variables).is_proxied(host), proxied, "{host} with {variables:?}");
    }

    #[test]
    fn the_proxy_is_taken_unless_the_host_is_excepted() {
        check(&[], "management.azure.com", false);
        check(&[("HTTPS_PROXY", "http://127.0.0.1:1")], "management.azure.com", true);
        check(&[("ALL_PROXY", "127.0.0.1:1")], "management.azure.com", true);
        check(&[("HTTPS_PROXY", "http://127.0.0.1:1"), ("NO_PROXY", "localhost, .azure.com")], "management.azure.com", false);
        check(&[("HTTPS_PROXY", "http://127.0.0.1:1"), ("no_proxy", "zure.com")], "management.azure.com", true);
        check(&[("HTTPS_PROXY", "http://127.0.0.1:1")], "127.0.0.1", false);
        check(&[("HTTPS_PROXY", "http://127.0.0.1:1")], "localhost", false);
        check(&[("HTTPS_PROXY", "socks5://127.0.0.1:1")], "management.azure.com", false);
    }
}
