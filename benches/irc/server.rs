//! A real server on loopback, and the services behind it: InspIRCd, to which this program is linked as the server that
//! says which account everybody has. So each line of a client carries an account, as on a network with services.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use swatbot::clock::Clock;

/// Our id as a server.
const SID: &str = "0SV";

/// The server; it ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it, with its files in `dir`.
    pub(crate) fn start(dir: &Path) -> io::Result<Self> {
        let (address, link) = (free_address()?, free_address()?);
        let here = dir.display().to_string();
        let conf = include_str!("inspircd.conf")
            .replace("@DIR@", &here)
            .replace("@PORT@", &address.port().to_string())
            .replace("@LINK@", &link.port().to_string());
        fs::write(dir.join("inspircd.conf"), conf)?;
        fs::write(dir.join("motd"), "bench\n")?;
        let mut command = Command::new("inspircd");
        command.args(["--nofork", "--runasroot", "--config"]).arg(dir.join("inspircd.conf"));
        command.env("LD_PRELOAD", nodelay(dir)?);
        command.stdin(Stdio::null()).stdout(fs::File::create(dir.join("out"))?).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| {
            io::Error::other(format!("inspircd does not start ({error}); on Debian: apt install inspircd"))
        })?;
        let mut server = Self { child, address };
        let link = server.connect(link, &dir.join("out"))?;
        link_services(link)?;
        Ok(server)
    }

    fn connect(&mut self, address: SocketAddr, out: &Path) -> io::Result<TcpStream> {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            match TcpStream::connect(address) {
                Ok(stream) => return Ok(stream),
                Err(error) if Instant::now() > until || self.child.try_wait()?.is_some() => {
                    let said = fs::read_to_string(out).unwrap_or_default();
                    return Err(io::Error::other(format!("inspircd takes no connection: {error}\n{said}")));
                }
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that was free a moment ago.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn nodelay(dir: &Path) -> io::Result<std::path::PathBuf> {
    let (source, library) = (dir.join("nodelay.c"), dir.join("nodelay.so"));
    fs::write(&source, include_str!("nodelay.c"))?;
    let mut cc = Command::new("cc");
    let made = cc.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status()?;
    if made.success() { Ok(library) } else { Err(io::Error::other("cc cannot make nodelay.so")) }
}

/// Links as a services server: whoever connects is logged in to the account that has the name of their nick.
fn link_services(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // A server whose clock is more than a minute off is not taken.
    let now = Clock::system().now().timestamp();
    let hello = format!(
        "CAPAB START 1205\r\nCAPAB CAPABILITIES :PROTOCOL=1205\r\nCAPAB END\r\n\
         SERVER services.bench.test bench 0 {SID} :services\r\n:{SID} BURST {now}\r\n:{SID} ENDBURST\r\n"
    );
    stream.write_all(hello.as_bytes())?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    loop {
        let Some(line) = lines.next().transpose()? else {
            return Err(io::Error::other("inspircd does not take the services link"));
        };
        if line.starts_with("ERROR") {
            return Err(io::Error::other(line));
        }
        if line.ends_with(" ENDBURST") {
            break;
        }
    }
    thread::spawn(move || {
        for line in lines {
            let Ok(line) = line else { return };
            let words: Vec<&str> = line.split(' ').collect();
            let answer = match words.as_slice() {
                [_, "UID", id, _, nick, ..] => format!(":{SID} METADATA {id} accountname :{nick}\r\n"),
                [server, "PING", ..] => format!(":{SID} PONG {}\r\n", server.trim_start_matches(':')),
                _ => continue,
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    Ok(())
}
