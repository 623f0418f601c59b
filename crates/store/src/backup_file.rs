//! The file of a backup: every row of every table, of either engine, in a form that neither owns.
//!
//! It begins with the line `tenure-backup 1`. Then come records: a letter, the length of what follows in 4 bytes, and
//! that many bytes. Numbers are big-endian.
//!
//! | record | holds |
//! |---|---|
//! | `H`, once | the schema's version, an integer; the build that wrote it, a text |
//! | `T`, for each table | its name, then each column's name; texts |
//! | `R`, for each row of it | the values in the order of the columns |
//! | `E`, behind its rows | how many there are, an integer |
//! | `Z`, last | SHA-256 of everything before this record, bytes |
//!
//! A value is `n` for none, `i` and 8 bytes for an integer (two's complement), `t`, a length in 4 bytes and UTF-8 for a
//! text, `b`, a length in 4 bytes and the bytes for bytes. Nothing follows the last record.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The first line.
const MAGIC: &[u8] = b"tenure-backup 1\n";

/// The most bytes of a record: far more than a row has.
const MAX_RECORD: u32 = 1 << 30;

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    None,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What is wrong with a backup's file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// The file cannot be read or written.
    #[error("{} cannot be {what}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `written`.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no backup.
    #[error("{} is no backup of Tenure, or one of a later format", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It ends too early.
    #[error("{} is cut off: its end is missing, so it is not used; take another copy of it", path.display())]
    CutOff {
        /// The file.
        path: PathBuf,
    },
    /// Its hash or its form is not right.
    #[error("{} is damaged: {detail}; it is not used; take another copy of it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: &'static str,
    },
}

/// A backup that is being written. Only [`finish`](Self::finish) makes it one.
pub(crate) struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
}

impl Writer {
    /// Begins in this file, which is new.
    pub fn new(path: &Path, file: File) -> Result<Self, FileFault> {
        let mut writer = Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 20, file),
            hash: Sha256::new(),
        };
        writer.put(MAGIC)?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FileFault> {
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(|source| self.io(source))
    }

    fn io(&self, source: std::io::Error) -> FileFault {
        FileFault::Io { path: self.path.clone(), what: "written", source }
    }

    /// Writes a record.
    pub fn record(&mut self, kind: u8, cells: &[Cell]) -> Result<(), FileFault> {
        let mut payload = Vec::new();
        for cell in cells {
            match cell {
                Cell::None => payload.push(b'n'),
                Cell::Integer(number) => {
                    payload.push(b'i');
                    payload.extend_from_slice(&number.to_be_bytes());
                }
                Cell::Text(text) => long(&mut payload, b't', text.as_bytes()),
                Cell::Bytes(bytes) => long(&mut payload, b'b', bytes),
            }
        }
        let length = u32::try_from(payload.len()).ok().filter(|length| *length <= MAX_RECORD);
        let length =
            length.ok_or_else(|| self.io(std::io::Error::other("a row is longer than a backup can hold")))?;
        self.put(&[kind])?;
        self.put(&length.to_be_bytes())?;
        self.put(&payload)
    }

    /// Writes the hash and gives the file back, with everything on the disk.
    pub fn finish(mut self) -> Result<(), FileFault> {
        let hash = self.hash.clone().finalize().to_vec();
        self.record(b'Z', &[Cell::Bytes(hash)])?;
        let Self { path, file, .. } = self;
        let fault = |source| FileFault::Io { path: path.clone(), what: "written", source };
        file.into_inner().map_err(|e| fault(e.into_error()))?.sync_all().map_err(fault)
    }
}

fn long(payload: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    payload.push(kind);
    // A longer one makes the record too long, which is refused.
    payload.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    payload.extend_from_slice(bytes);
}

/// A backup that is being read.
pub(crate) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    hash: Sha256,
}

impl Reader {
    pub fn open(path: &Path) -> Result<Self, FileFault> {
        let fault = |source| FileFault::Io { path: path.to_owned(), what: "read", source };
        let file = File::open(path).map_err(fault)?;
        let mut reader = Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 20, file),
            hash: Sha256::new(),
        };
        let mut magic = Vec::new();
        reader.file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic).map_err(fault)?;
        if magic != MAGIC {
            return Err(FileFault::Foreign { path: path.to_owned() });
        }
        reader.hash.update(&magic);
        Ok(reader)
    }

    fn take(&mut self, length: u32) -> Result<Vec<u8>, FileFault> {
        let mut bytes = Vec::new();
        self.file
            .by_ref()
            .take(u64::from(length))
            .read_to_end(&mut bytes)
            .map_err(|source| FileFault::Io { path: self.path.clone(), what: "read", source })?;
        if bytes.len() as u64 == u64::from(length) {
            Ok(bytes)
        } else {
            Err(FileFault::CutOff { path: self.path.clone() })
        }
    }

    pub fn damaged(&self, detail: &'static str) -> FileFault {
        FileFault::Damaged { path: self.path.clone(), detail }
    }

    /// The next record; none behind the last, whose hash is then found right.
    pub fn record(&mut self) -> Result<Option<(u8, Vec<Cell>)>, FileFault> {
        let before = self.hash.clone();
        let head = self.take(5)?;
        let &[kind, a, b, c, d] = head.as_slice() else { return Err(self.damaged("a record has no length")) };
        let length = u32::from_be_bytes([a, b, c, d]);
        if length > MAX_RECORD {
            return Err(self.damaged("a record is longer than any can be"));
        }
        let payload = self.take(length)?;
        self.hash.update(&head);
        self.hash.update(&payload);
        let cells = cells(&payload).ok_or_else(|| self.damaged("a value has no known form"))?;
        if kind != b'Z' {
            return Ok(Some((kind, cells)));
        }
        if cells != [Cell::Bytes(before.finalize().to_vec())] {
            return Err(self.damaged("its content is not what its hash was made of"));
        }
        let mut rest = [0];
        match self.file.read(&mut rest) {
            Ok(0) => Ok(None),
            Ok(_) => Err(self.damaged("something follows its end")),
            Err(source) => Err(FileFault::Io { path: self.path.clone(), what: "read", source }),
        }
    }
}

fn cells(mut payload: &[u8]) -> Option<Vec<Cell>> {
    let mut cells = Vec::new();
    while let Some((kind, rest)) = payload.split_first() {
        payload = rest;
        cells.push(match kind {
            b'n' => Cell::None,
            b'i' => {
                let (number, rest) = payload.split_first_chunk::<8>()?;
                payload = rest;
                Cell::Integer(i64::from_be_bytes(*number))
            }
            b't' | b'b' => {
                let (length, rest) = payload.split_first_chunk::<4>()?;
                let (bytes, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
                payload = rest;
                match kind {
                    b't' => Cell::Text(String::from_utf8(bytes.to_vec()).ok()?),
                    _ => Cell::Bytes(bytes.to_vec()),
                }
            }
            _ => return None,
        });
    }
    Some(cells)
}
