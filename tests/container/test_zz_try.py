from container.test_examples import repository, keys, made
def test_fork(repository, keys):
    ours = {"repo": {"full_name": "someone/gallery"}, "ref": "main", "sha": "0" * 40}
    theirs = {"repo": {"full_name": "stranger/gallery","fork":True}, "ref": "x", "sha": "1" * 40}
    repository.variables.clear(); repository.secrets.clear()
    ran = repository.run("pull_request","examples/workflows/plan.yml",payload={"number":7,"pull_request":{"number":7,"head":theirs,"base":ours,"user":{"login":"stranger"}}})
    print(ran.stdout); assert ran.returncode==0
