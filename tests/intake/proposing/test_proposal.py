from finhub_onboard.intake.proposing.proposal import Choice, Open, Proposal


def test_fields_left_open_are_named_once() -> None:
    """A value map is one field, however many words of it are open."""
    proposal = Proposal(
        rows=1,
        choices=(Choice(column="email", origin="Mail", confidence=1.0, reason="name"),),
        settings=(),
        nulls=(),
        open=(
            Open(section="values.gender", key="d", remark=""),
            Open(section="values.gender", key="x", remark=""),
            Open(section="columns", key="phone", remark=""),
        ),
        rest=(),
    )
    assert proposal.left_open == ("values.gender", "columns.phone")
    assert (proposal.origin("email"), proposal.origin("phone")) == ("Mail", "")
