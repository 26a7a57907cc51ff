"""Operations to text, by LibCST: what no operation names comes out as it went in."""
