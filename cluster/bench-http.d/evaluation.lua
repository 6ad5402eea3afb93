-- One evaluation after another; PENSTOCK_QUESTION has its body. The answers are counted by the enforcer.
wrk.method = "POST"
wrk.body = os.getenv("PENSTOCK_QUESTION")
wrk.headers["Content-Type"] = "application/json"
