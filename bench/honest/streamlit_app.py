"""Streamlit's AppTest with cached data: computed once, persisted between processes."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest
from telling import tell


def app() -> None:
    import numpy
    import pandas
    import streamlit as st

    @st.cache_data
    def table(n: int):  # type: ignore[no-untyped-def]
        st.session_state["computed"] = st.session_state.get("computed", 0) + 1
        return pandas.DataFrame({"x": numpy.arange(n), "t": pandas.date_range("2020", periods=n)})

    @st.cache_data(persist="disk")
    def kept(n: int):  # type: ignore[no-untyped-def]
        st.session_state["kept"] = st.session_state.get("kept", 0) + 1
        return {"a": [n, (1, 2)], "s": pandas.Series([1.0, None])}

    @st.cache_resource
    def resource() -> object:
        return {"r": 1}

    st.write(str(table(3).to_dict()), str(kept(4)), str(resource()))
    st.session_state["data"] = table(2)


def main() -> None:
    test = AppTest.from_function(app, default_timeout=60)
    for _ in range(3):
        test.run()
    tell("errors", [str(error.value) for error in test.exception])
    tell("written", [part.value for part in test.markdown])
    tell("computed", test.session_state["computed"] if "computed" in test.session_state else 0)
    tell("kept", test.session_state["kept"] if "kept" in test.session_state else 0)


if __name__ == "__main__":
    main()
