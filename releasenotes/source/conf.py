"""How the release notes are built."""

project = 'doctor_core release notes'
copyright = '2026, doctor_core developers'
# The notes are of all versions.
version = release = ''

extensions = ['openstackdocstheme', 'reno.sphinxext']

root_doc = 'index'
html_theme = 'openstackdocs'
openstackdocs_repo_name = ''
openstackdocs_auto_name = False
openstackdocs_auto_version = False
html_theme_options = {'show_other_versions': False}
pygments_style = 'native'
