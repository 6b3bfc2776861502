"""`SHA256SUMS` lists the model files as they are."""

from export.model_files import write_checksums

SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""Source: FIPS 180-2, appendix B.1."""
SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_list_names_every_model_file_in_order(tmp_path):
    (tmp_path / "b.onnx").write_bytes(b"abc")
    (tmp_path / "a.onnx").write_bytes(b"")
    (tmp_path / "a.onnx.partial").write_bytes(b"x")
    (tmp_path / "README.md").write_bytes(b"x")
    path = write_checksums(tmp_path)
    assert path == tmp_path / "SHA256SUMS"
    assert path.read_text() == f"{SHA256_OF_NOTHING}  a.onnx\n{SHA256_OF_ABC}  b.onnx\n"


def test_an_old_list_is_replaced(tmp_path):
    (tmp_path / "SHA256SUMS").write_text("0  gone.onnx\n")
    (tmp_path / "a.onnx").write_bytes(b"abc")
    write_checksums(tmp_path)
    assert (tmp_path / "SHA256SUMS").read_text() == f"{SHA256_OF_ABC}  a.onnx\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SHA256SUMS", "a.onnx"]
